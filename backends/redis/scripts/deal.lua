#!lua
-- with: base slots change bits segments
-- Cuts whole segments of the inbox anew, into one new segment for each pile; whole or not at all. ARGV[7..]: how many
-- slots, their UUIDs; how many sources, of each its segment, how many ids it has, and which positions below the last of
-- these have none (a bitmap); how many piles, of each which slot (from 0) and how many ids; quiet; FIRST. The slots' keys
-- lie behind the speaker's. That the piles are the sources' ids is seen by their positions, of which the bitmaps tell;
-- their texts are trusted.
--
-- Large texts cost much in a script's hands: they do not go through these. Commands of the same transaction have laid
-- them, one id a line, under `seg`, by FIRST and the numbers behind it, which the new segments get. The caller chose
-- these to lie behind all numbers so far. Before that, this script was called with ARGV[7..]: 'stage', FIRST, how many;
-- it cleared the place and left its mark, with the number of texts there were. Unless all is as the mark says, and the
-- numbers are still unused, what was laid is taken away, and 'again' with the next number is all the answer. FIRST 0 asks
-- for that alone.

local MARK = ARGV[3] .. ' ' .. ARGV[4] -- the session and the sequence

-- Of the texts from `first` on, those that belong to no segment. `live` says so; if that is somebody else's, all that lie
-- beyond the numbers which were given out.
local function drop_texts(first, count)
    local is_ours, numbers, gone = not is_of_others(redis.pcall('HLEN', K_LIVE)), {}, {}
    for number = first, first + count - 1 do
        if is_ours then
            numbers[#numbers + 1] = text(number)
        elseif number > num('segment') then
            gone[#gone + 1] = text(number)
        end
    end
    each_field(K_LIVE, numbers, function(number, line)
        gone[#gone + 1] = not line and number or nil
    end)
    batched('HDEL', K_SEG, gone)
end

local function stage(first, count)
    drop_texts(first, count)
    call('HSET', K_STATE, 'staged', MARK .. ' ' .. text(first) .. ' ' .. text(call('HLEN', K_SEG)))
end

local function again()
    return {'again', text(num('segment') + 1)}
end

if ARGV[7] == 'stage' then
    local done, failed = pcall(stage, tonumber(ARGV[8]), tonumber(ARGV[9]))
    return done and 'ok' or failure(failed)
end

local SLOTS = tonumber(ARGV[7])
local SOURCES, FIRST_SOURCE = tonumber(ARGV[8 + SLOTS]), 9 + SLOTS
local QUIET = ARGV[#ARGV - 1] == '1' -- the slots need not be told now
local FIRST = tonumber(ARGV[#ARGV])
if FIRST == 0 then
    return again()
end
local PILES, FIRST_PILE = tonumber(ARGV[FIRST_SOURCE + 3 * SOURCES]), FIRST_SOURCE + 3 * SOURCES + 1

-- Whether exactly these positions of the segment are left: `live` of them, all but `none` below the last.
local function has_left(g, live, none)
    if not g or g.live ~= live then
        return false
    end
    local span = live + bit_count(none)
    local done, bytes = done_of(g), math.ceil(span / 8)
    for at = 1, none == '' and done == '' and 0 or bytes do
        local mask = at == bytes and span % 8 ~= 0 and 2 ^ (span % 8) - 1 or 255
        if band(string.byte(done, at) or 0, mask) ~= (string.byte(none, at) or 0) then
            return false
        end
    end
    return true
end

-- The sources; nil when one is not as it should be.
local function sources()
    local numbers, found = {}, {}
    for i = 1, SOURCES do
        numbers[i] = ARGV[FIRST_SOURCE + 3 * (i - 1)]
    end
    seg_load(numbers)
    done_load(numbers)
    for i, number in ipairs(numbers) do
        local at = FIRST_SOURCE + 3 * (i - 1)
        found[i] = seg_in(number, nil)
        if not has_left(found[i], tonumber(ARGV[at + 1]), ARGV[at + 2]) then
            return nil
        end
    end
    return found
end

-- The slot of each pile; nil when one may not be given any.
local function owners()
    local found = {}
    for i = 1, PILES do
        local slot = tonumber(ARGV[FIRST_PILE + 2 * (i - 1)])
        local s = slot_at(ARGV[8 + slot], FIRST_SLOT_KEY + KEYS_PER_SLOT * (slot + 1))
        if not s or not is_live(s) or s.draining ~= '0' then
            return nil
        end
        found[i] = s
    end
    return found
end

local is_taken = false -- the texts that were laid are segments now

local function act()
    -- Whole or nothing: see shared/change.lua.
    call('HLEN', K_SEG)
    call('HLEN', K_DONE)
    call('ZCARD', K_SEGMENTS)
    call('ZCARD', K_INBOX)
    for slot = 1, SLOTS do
        local base = FIRST_SLOT_KEY + KEYS_PER_SLOT * slot
        local to = slot_at(ARGV[7 + slot], base)
        call('HLEN', KEYS[base + 1])
        if to and to.swept then
            call('HLEN', KEYS[base + 2])
        end
    end
    local count = 0
    for i = 1, SOURCES do
        count = count + tonumber(ARGV[FIRST_SOURCE + 3 * (i - 1) + 1])
    end
    local from = sources()
    local to = from and owners()
    if not to then
        return ok(0, count)
    end
    local payloads = 'n'
    for _, g in ipairs(from) do
        payloads = g.payloads == 'p' and 'p' or payloads
        seg_lift(g)
        g.gone = true
    end
    is_taken = true
    put('segment', FIRST - 1)
    for i, s in ipairs(to) do
        local count = tonumber(ARGV[FIRST_PILE + 2 * (i - 1) + 1])
        seg_to_share(seg_new_of(nil, count, payloads), s, next_token())
        share_changed(s, QUIET)
    end
    return ok(count)
end

local function is_staged()
    local texts = redis.pcall('HLEN', K_SEG)
    return type(texts) == 'number' and num('segment') < FIRST and
        st.staged == MARK .. ' ' .. text(FIRST) .. ' ' .. text(texts - PILES)
end

local done, reply = true, nil
if is_staged() then
    done, reply = pcall(change, {gate = by_leader, act = act})
else
    reply = again()
end
call('HDEL', K_STATE, 'staged')
if not is_taken then
    pcall(drop_texts, FIRST, PILES) -- not when a key is somebody else's
end
return done and reply or error(reply, 0)
