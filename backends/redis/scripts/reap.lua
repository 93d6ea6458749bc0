#!lua flags=allow-oom
-- with: base slots change bits segments fails
-- A dead slot's ids go back to the inbox, in bounded steps that any later leader may go on with. ARGV[7..]: the target,
-- whose keys lie behind the speaker's; max_attempts.
local TARGET, MAX_ATTEMPTS = ARGV[7], tonumber(ARGV[8])
local MOVED_AT_ONCE, BODIES_AT_ONCE = 512, 8

local function is_reapable(s)
    return s.state == 'left' or s.state == 'dead' or rest_of(s) <= 0
end

local function die(s)
    if s.state == 'dead' then
        return
    end
    slot_put(s, 'state', 'dead')
    slot_expire(s, 0)
    increase('dead', 1)
    roster_changed()
    free_leadership(TARGET)
end

local function count_one(g, position)
    local id = ids_of(g)[position + 1]
    local attempts = count_attempt(id, 'slot died')
    if MAX_ATTEMPTS ~= 0 and attempts >= MAX_ATTEMPTS then
        park(id, math.huge)
        seg_take(g, position)
        seg_close(g)
    end
end

-- What the slot named as at work on, each once: "NUMBER:POSITION", and the numbers.
local function refs_of(working)
    local refs, numbers, known = {}, {}, {}
    for ref, number in string.gmatch(working, '((%d+):%d+)') do
        if not known[ref] then
            known[ref] = true
            refs[#refs + 1], numbers[#numbers + 1] = ref, number
        end
    end
    return refs, numbers
end

-- A failed attempt for each id that the slot was at work on and still owns. The bodies of a bounded number of segments
-- are read; false: there are more.
local function count_attempts(s)
    local working = call('HGET', s.key, 'working')
    if not working or working == '' then
        return true
    end
    local refs, numbers = refs_of(working)
    local bodies, rest = 0, {}
    seg_load(numbers)
    for i, ref in ipairs(refs) do
        local g = seg_in(numbers[i], TARGET)
        local position = g and tonumber(string.sub(ref, #numbers[i] + 2))
        if g and not g.ids and bodies == BODIES_AT_ONCE then
            rest[#rest + 1] = ref
        elseif g and seg_has(g, position) then
            bodies = bodies + (g.ids and 0 or 1)
            count_one(g, position)
        end
    end
    slot_put(s, 'working', table.concat(rest, ' '))
    return #rest == 0
end

local function move_to_inbox(s)
    local numbers = numbers_from(s, 0, MOVED_AT_ONCE + BODIES_AT_ONCE)
    local moved, count = 0, 0
    seg_load(numbers)
    for _, number in ipairs(numbers) do
        local g = seg_in(number, TARGET)
        if g and moved < MOVED_AT_ONCE then
            moved = moved + 1
            count = count + g.live
            seg_lift(g)
            seg_to_inbox(g)
        end
    end
    if count > 0 then
        increase('inbox_rev', 1)
        hint_work()
    end
    return count
end

-- The slot's name is kept until its join can no longer be under way.
local function remove(s)
    local not_after = call('HGET', s.key, 'not_after') or '0'
    if not_after ~= '0' and tonumber(not_after) >= now then
        call('ZADD', K_SESSIONS, 'NX', not_after, TARGET)
    end
    s.removed = true
    call('UNLINK', s.key, s.ids_key, s.recalls_key, s.session_key)
    call('ZREM', K_SLOTS, TARGET)
    call('ZREM', K_AGES, TARGET)
    call('HDEL', K_TTLS, TARGET)
    increase('dead', -1)
    roster_changed()
end

local function act()
    -- Whole or nothing: see shared/change.lua.
    for i = FIRST_SLOT_KEY + KEYS_PER_SLOT, #KEYS do
        call('HLEN', KEYS[i])
    end
    call('HLEN', K_SEG)
    call('HLEN', K_DONE)
    call('HLEN', K_LIVE)
    call('HLEN', K_FAILS)
    call('HLEN', K_TTLS)
    call('ZCARD', K_SEGMENTS)
    call('ZCARD', K_INBOX)
    call('ZCARD', K_PARKED)
    call('ZCARD', K_PARKING)
    call('ZCARD', K_AGES)
    call('ZCARD', K_SESSIONS)
    local s = slot_at(TARGET, FIRST_SLOT_KEY + KEYS_PER_SLOT)
    if not s or not is_reapable(s) then
        return refuse(s and 'live' or 'gone')
    end
    die(s)
    local count = count_attempts(s) and move_to_inbox(s) or 0
    if s.ids == 0 then
        write_segments()
        write_segments = nil
        remove(s)
    end
    return ok(count, 0, s.ids)
end

return change({gate = by_leader, act = act})
