#!lua
-- with: base slots change life view
-- A new slot. ARGV[7..]: name, host, container, pid, ttl, weight, always (of quarantine), fresh life, floors (life,
-- view, term, token).
local SLOTS_MAX = 10000
local NAME, HOST, CONTAINER, PID, TTL, WEIGHT, ALWAYS, FRESH = unpack(ARGV, 7, 14)
local LIFE, VIEW, TERM_SEEN, TOKEN_SEEN = ARGV[15], tonumber(ARGV[16]), tonumber(ARGV[17]), tonumber(ARGV[18])

local function refusal()
    -- Whole or nothing: see shared/change.lua.
    call('HLEN', K_DB)
    call('HLEN', K_TTLS)
    call('HLEN', K_LOCK)
    call('HLEN', KEYS[FIRST_SLOT_KEY + 3])
    call('ZCARD', K_SLOTS)
    call('ZCARD', K_PARKED)
    local reason = report(LIFE, VIEW, TERM_SEEN, TOKEN_SEEN, FRESH, tonumber(TTL))
    if reason then
        return reason
    end
    if ALWAYS == '1' then
        raise_quarantine(num('created') + num('longest_ttl'))
    end
    if speaker then
        return 'exists'
    elseif call('ZCARD', K_AGES) >= SLOTS_MAX then
        return 'limit'
    end
end

local function act()
    call('HSET', KEYS[FIRST_SLOT_KEY], 'name', NAME, 'host', HOST, 'container', CONTAINER, 'pid', PID, 'ttl', TTL,
        'weight', WEIGHT, 'state', 'live', 'life', st.life, 'draining', '0', 'working', '', 'ids', '0', 'recalls', '0',
        'segments', '0', 'not_after', ARGV[5], 'share_rev', text(-num('share_base')), 'epoch', numtext('clean_epoch'))
    call('ZADD', K_SLOTS, to_ms(now + tonumber(TTL)), SLOT)
    call('ZADD', K_AGES, text(increase('age', 1)), SLOT)
    call('HSET', K_TTLS, SLOT, TTL)
    speaker = slot_at(SLOT, FIRST_SLOT_KEY)
    roster_changed()
    return ok()
end

return change({joins = true, gate = refusal, act = act, view = view_of})
