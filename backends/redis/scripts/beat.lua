#!lua flags=allow-oom
-- with: base slots change life view
-- Renews the slot, and with it the leadership that it holds; brings back the view. ARGV[7..]: floors (life, view, term,
-- token), fresh life, ttl, draining, the ids at work ("SEGMENT:POSITION ...").
local LIFE, VIEW, TERM_SEEN, TOKEN_SEEN = ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local FRESH, TTL, DRAINING, WORKING = ARGV[11], tonumber(ARGV[12]), ARGV[13], ARGV[14]

local function refusal()
    -- Whole or nothing: see shared/change.lua.
    call('HLEN', K_DB)
    call('HLEN', K_TTLS)
    call('ZCARD', K_AGES)
    call('ZCARD', K_PARKED)
    local begins = not st.life
    local reason = report(LIFE, VIEW, TERM_SEEN, TOKEN_SEEN, FRESH, TTL)
    if reason then
        return reason
    end
    if begins then -- who beats has joined before: the store has forgotten it
        raise_quarantine(num('created') + num('longest_ttl'))
    end
    if LIFE ~= ZERO and LIFE ~= st.life then
        return 'life'
    end
    return slot_refusal(speaker)
end

local function act()
    local leads = call('HGET', K_LOCK, 'holder') == SLOT
    slot_expire(speaker, now + speaker.ttl)
    if leads then
        call('HSET', K_LOCK, 'expires', to_ms(speaker.expires))
    end
    if speaker.draining ~= DRAINING then
        slot_put(speaker, 'draining', DRAINING)
        roster_changed()
    end
    if WORKING ~= '' or call('HSTRLEN', speaker.key, 'working') > 0 then
        slot_put(speaker, 'working', WORKING)
    end
    increase('view', 1)
    return ok()
end

return change({unremembered = true, gate = refusal, act = act, view = view_of})
