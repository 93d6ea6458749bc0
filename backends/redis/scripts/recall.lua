#!lua
-- with: base slots change bits segments
-- Marks ids of the target's share, which lies behind the speaker. ARGV[7..]: target, how many parts, then segment,
-- position (-1: all), take of each; or, with -2 for a position, "COUNT HIGHEST " and a bitmap of so many positions.
local TARGET, COUNT, FIRST = ARGV[7], tonumber(ARGV[8]), 9

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

-- Of a segment of this count, of which nothing is done or recalled: the last `wanted` positions.
local last_bits = {}
local function bits_of_last(count, wanted)
    local key = count * 2048 + wanted
    if not last_bits[key] then
        local bytes, from = {}, count - wanted
        for at = 0, math.ceil(count / 8) - 1 do
            local low, high = math.max(from - 8 * at, 0), math.min(count - 8 * at, 8)
            bytes[at + 1] = low < high and 2 ^ high - 2 ^ low or 0
        end
        last_bits[key] = string.char(unpack(bytes))
    end
    return last_bits[key]
end

-- Of one of which something is: what is recalled then, and how many of that are new.
local function bits_with_last(g, recalls, wanted)
    local bytes, done = {string.byte(recalls, 1, -1)}, {string.byte(done_of(g), 1, -1)}
    local size, marked = math.ceil(g.count / 8), 0
    for i = #bytes + 1, size do
        bytes[i] = 0
    end
    for i = size, 1, -1 do
        local taken = done[i] and done[i] ~= 0 and bor(bytes[i], done[i]) or bytes[i]
        if taken ~= 255 and marked < wanted then
            local free = (i == size and 2 ^ (g.count - 8 * (size - 1)) - 1 or 255) - taken
            local count = byte_counts[free] or byte_count(free)
            if count > wanted - marked then
                count = wanted - marked
                free = highest_bits(free, count)
            end
            marked = marked + count
            bytes[i] = bytes[i] + free
        end
    end
    return string.char(unpack(bytes)), marked
end

-- Marks from the end of the segment, up to `wanted` ids that are not recalled yet. Returns how many it marked.
local function recall_last(g, s, wanted)
    local recalls, marked = recalls_of(g, s), math.min(wanted, g.live)
    if g.live == g.count and recalls == '' then
        recalls = bits_of_last(g.count, marked)
    else
        recalls, marked = bits_with_last(g, recalls, wanted)
    end
    if marked > 0 then
        g.recalls, g.recalls_changed = recalls, true
    end
    return marked
end

-- The positions of one byte (from 0) of a bitmap that there are in a segment of this count.
local function mask_at(count, at)
    local rest = count - 8 * at
    return rest >= 8 and 255 or 2 ^ rest - 1
end

-- The first `size` bytes of a bitmap as numbers.
local function bytes_of(bits, size)
    local bytes = {string.byte(bits, 1, size)}
    for at = #bytes + 1, size do
        bytes[at] = 0
    end
    return bytes
end

-- By bitmap. Where nothing is done or recalled yet, that is the bitmap of the recalls.
local function recall_which(g, s, which)
    local named, highest, bits = string.match(which, '^(%d+) (%d+) (.*)$')
    local marked, missing = 0, tonumber(named)
    if not g then
        return 0, missing
    elseif g.live == g.count and recalls_of(g, s) == '' and tonumber(highest) < g.count then
        g.recalls, g.recalls_changed = bits, true
        return missing, 0
    end
    local size = math.ceil(g.count / 8)
    local wanted, done, recalls = bytes_of(bits, size), bytes_of(done_of(g), size), bytes_of(recalls_of(g, s), size)
    done[size] = bor(done[size], 255 - mask_at(g.count, size - 1))
    for at = 1, size do
        local live = wanted[at]
        if live ~= 0 then
            live = done[at] == 0 and live or live - band(live, done[at])
            local fresh = recalls[at] == 0 and live or live - band(live, recalls[at])
            recalls[at] = recalls[at] + fresh
            marked, missing = marked + byte_count(fresh), missing - byte_count(live)
        end
    end
    if marked > 0 then
        g.recalls, g.recalls_changed = string.char(unpack(recalls)), true
    end
    return marked, missing
end

-- Returns the new marks, and what is not there.
local function recall_part(s, number, position, take)
    local g = seg_in(number, TARGET)
    if position == -2 then
        return recall_which(g, s, take)
    end
    take = tonumber(take)
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
    done_load(numbers)
    recalls_load(numbers, s)
    local count, skipped = 0, 0
    for i = 0, COUNT - 1 do
        local at = FIRST + 3 * i
        local marked, missing = recall_part(s, ARGV[at], tonumber(ARGV[at + 1]), ARGV[at + 2])
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
