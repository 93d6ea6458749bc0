-- life: how a life of the data begins, and how a loss of data is seen (rules 4 to 6).

local ZERO = '00000000-0000-0000-0000-000000000000'

local function know_ttl(ttl)
    if num('longest_ttl') < ttl then
        put('longest_ttl', ttl)
    end
end

local function raise(name, to)
    if num(name) < to then
        put(name, to)
    end
end

local function raise_quarantine(until_us)
    until_us = math.min(until_us, now + num('longest_ttl'))
    if num('quarantine') < until_us then
        put('quarantine', until_us)
    end
end

local function quarantine_rest()
    local rest = num('quarantine') - now
    return rest <= 0 and 0 or math.min(rest, num('longest_ttl'))
end

-- Keys that have outlived the state (it was evicted, or deleted). Its counters are gone, and with them what was written
-- there means nothing; numbers of segments would be given out a second time, over what lies under them.
local function drop_leftovers()
    local left = 0
    for i = 2, FIRST_SLOT_KEY - 1 do
        -- Whole or nothing: see shared/change.lua.
        left = left + call(ZSETS[i] and 'ZCARD' or 'HLEN', KEYS[i])
    end
    if left > 0 then
        call('UNLINK', unpack(KEYS, 2, FIRST_SLOT_KEY - 1))
    end
end

local function begin_life(fresh)
    if fresh == ZERO then
        return 'invalid'
    end
    if not st.life then
        drop_leftovers()
    end
    put_text('life', fresh)
    put('format', FORMAT)
    put('created', now)
    put('quarantine', 0)
end

-- Rule 5. Slots of an earlier life are dead by their `life`; their expiries are set to 0 by a pass of clamp().
local function begin_over_old_data(fresh)
    if fresh == st.life then
        return 'invalid'
    end
    local reason = begin_life(fresh)
    if reason then
        return reason
    end
    local all = call('ZCARD', K_AGES)
    local died = all - num('dead')
    for _, s in pairs(slots) do
        s.state = 'dead'
    end
    put('dead', all)
    put('dead_age', num('age'))
    if died > 0 then
        increase('roster_rev', died)
        hint_work()
    end
    local holder = call('HGET', K_LOCK, 'holder')
    if holder then
        free_leadership(holder)
    end
    put('view', 0)
    put('quarantine', now + num('longest_ttl'))
    hint_group()
    put_text('pass', '0')
    clamp_some()
end

-- What a join or beat reports. Returns a reason, or nil.
local function report(life, view, term, token, fresh, ttl)
    local reason
    if not st.life then
        reason = begin_life(fresh)
    elseif life == st.life and (view > num('view') or term > num('term') or token > num('token')) then
        know_ttl(ttl)
        reason = begin_over_old_data(fresh)
    end
    if reason then
        return reason
    end
    know_ttl(ttl)
    if term > num('term') and call('HGET', K_LOCK, 'holder') then
        call('DEL', K_LOCK) -- one of older data: that term was another's (I1), who may still believe in it
        hint_group()
        raise_quarantine(now + num('longest_ttl'))
    end
    raise('term', term)
    raise('token', token)
    if life ~= ZERO and life ~= st.life then
        raise_quarantine(num('created') + num('longest_ttl'))
    end
end
