#!lua flags=allow-oom
-- with: base slots change bits segments fails
-- A dead slot's ids go back to the inbox, in bounded steps that any later leader may go on with. ARGV[7..]: the target,
-- whose keys lie behind the speaker's; max_attempts.
local TARGET, MAX_ATTEMPTS = ARGV[7], tonumber(ARGV[8])

-- A step's work: a segment that moves, or an attempt that is counted, is one; a segment whose ids have to be read is
-- several. What it named as at work on is sorted first: up to 1,024 references of about ten bytes.
local WORK_AT_ONCE, WORK_OF_A_BODY, WORK_OF_REFS = 256, 16, 1 / 100
local work = WORK_AT_ONCE

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

-- What the slot named as at work on, each once, those of one segment together.
local function refs_of(working)
    local refs, known, by_number, order = {}, {}, {}, {}
    for ref, number in string.gmatch(working, '((%d+):%d+)') do
        local of_number = by_number[number]
        if not of_number then
            of_number = {}
            by_number[number] = of_number
            order[#order + 1] = of_number
        end
        if not known[ref] then
            known[ref] = true
            of_number[#of_number + 1] = ref
        end
    end
    for _, of_number in ipairs(order) do
        refs[#refs + 1] = table.concat(of_number, ' ')
    end
    return table.concat(refs, ' ')
end

-- As much of it as this step has work for: calls visit(segment, position) for ids that the slot still owns. Returns the
-- rest.
local function each_ref(refs, visit)
    local read, at = {}, 1
    while at <= #refs do
        local number, position, next_at = string.match(refs, '^(%d+):(%d+) ?()', at)
        local g = seg_in(number, TARGET)
        if g then
            local costs = read[number] and 1 or WORK_OF_A_BODY + 1
            if work < costs then
                break
            end
            work, read[number] = work - costs, true
            if seg_has(g, tonumber(position)) then
                visit(g, tonumber(position))
            end
        else
            work = work - 1
        end
        at = next_at
    end
    return string.sub(refs, at)
end

-- A failed attempt for each id that the slot was at work on and still owns. False: there are more.
local function count_attempts(s)
    local v = call('HMGET', s.key, 'working', 'counting')
    local refs = v[2] or v[1] and refs_of(v[1]) or ''
    if refs == '' then
        return true
    elseif not v[2] then
        work = work - math.floor(#refs * WORK_OF_REFS)
    end
    local found, ids = {}, {}
    local rest = each_ref(refs, function(g, position)
        local id = id_at(g, position)
        found[#found + 1] = {g, position, id}
        ids[#ids + 1] = id
    end)
    fails_load(ids)
    for _, f in ipairs(found) do
        local attempts = count_attempt(f[3], 'slot died')
        if MAX_ATTEMPTS ~= 0 and attempts >= MAX_ATTEMPTS then
            park(f[3], FOR_GOOD)
            seg_take(f[1], f[2])
            seg_close(f[1])
        end
    end
    write_fails()
    slot_put(s, 'working', '')
    slot_put(s, 'counting', rest)
    return rest == ''
end

local function move_to_inbox(s)
    local from = s.segments > LISTED_AT_MOST and tonumber(call('HGET', s.key, 'moved_to') or 0) or 0
    local numbers, further = numbers_from(s, from, math.max(work, 0))
    local count = 0
    seg_load(numbers)
    recalls_load(numbers, s)
    for _, number in ipairs(numbers) do
        local g = seg_in(number, TARGET)
        if g then
            count = count + g.live
            seg_lift(g)
            seg_to_inbox(g)
        end
    end
    slot_put(s, 'moved_to', further or 0)
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
