#!lua
-- with: base slots change bits segments
-- Marks ids of the target's share, which lies behind the speaker. ARGV[7..]: target, how many parts, then segment,
-- position (-1: all), take of each.
local TARGET, COUNT, FIRST = ARGV[7], tonumber(ARGV[8]), 9

-- The positions of one byte (from 0) of a bitmap that there are in a segment of this count.
local function mask_at(count, at)
    local rest = count - 8 * at
    return rest >= 8 and 255 or 2 ^ rest - 1
end

-- The highest `wanted` bits of a byte.
local function highest_bits(byte, wanted)
    local bits = 0
    for i = 7, 0, -1 do
        if wanted > 0 and band(byte, MASKS[i]) ~= 0 then
            bits, wanted = bits + MASKS[i], wanted - 1
        end
    end
    return bits
end

-- Marks from the end of the segment, up to `wanted` ids that are not recalled yet. Returns how many it marked.
local function recall_last(g, s, wanted)
    local done, recalls, marked = done_of(g), recalls_of(g, s), 0
    local bytes = {}
    for at = math.ceil(g.count / 8) - 1, 0, -1 do
        local recalled = string.byte(recalls, at + 1) or 0
        local free = mask_at(g.count, at) - band(mask_at(g.count, at), bor(recalled, string.byte(done, at + 1) or 0))
        if byte_count(free) > wanted - marked then
            free = highest_bits(free, wanted - marked)
        end
        marked = marked + byte_count(free)
        bytes[at + 1] = string.char(recalled + free)
    end
    if marked > 0 then
        g.recalls, g.recalls_changed = table.concat(bytes), true
    end
    return marked
end

-- Returns the new marks, and what is not there.
local function recall_part(s, number, position, take)
    local g = seg_in(number, TARGET)
    if not g or (position >= 0 and not seg_has(g, position)) then
        return 0, position < 0 and take ~= 0 and take or 1
    elseif position < 0 then
        local marked = recall_last(g, s, take == 0 and g.live or take)
        return marked, math.max(take - marked, 0)
    elseif bit_test(recalls_of(g, s), position) then
        return 0, 0
    end
    g.recalls, g.recalls_changed = bit_set(g.recalls, position), true
    return 1, 0
end

local function act()
    -- Whole or nothing: see shared/change.lua.
    call('HLEN', KEYS[FIRST_SLOT_KEY + KEYS_PER_SLOT + 2])
    local s = slot_at(TARGET, FIRST_SLOT_KEY + KEYS_PER_SLOT)
    if not s or s.state == 'left' or s.state == 'dead' then
        return refuse(s and 'dead' or 'gone')
    end
    local numbers = {}
    for i = 0, COUNT - 1 do
        numbers[i + 1] = ARGV[FIRST + 3 * i]
    end
    seg_load(numbers)
    local count, skipped = 0, 0
    for i = 0, COUNT - 1 do
        local at = FIRST + 3 * i
        local marked, missing = recall_part(s, ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]))
        if marked > 0 then
            slot_put(s, 'recalls', s.recalls + marked)
        end
        count, skipped = count + marked, skipped + missing
    end
    if count > 0 then
        share_changed(s)
    end
    return ok(count, skipped)
end

return change({gate = by_leader, act = act})
