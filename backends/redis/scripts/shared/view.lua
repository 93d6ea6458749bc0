-- view: the group as one slot sees it.

local NEVER = 'never'

-- While the clock lies behind and no change has looked at the slots yet, the earliest expiry need not be the first.
local function next_expiry()
    local behind = st.pass or now < num('clock')
    local found = call('ZRANGEBYSCORE', K_SLOTS, '(' .. to_ms(now), '+inf', 'WITHSCORES', 'LIMIT', 0,
        behind and 512 or 1)
    local least
    for i = 1, #found, 2 do
        local rest = math.min(from_ms(found[i + 1]) - now, tonumber(call('HGET', K_TTLS, found[i]) or 0))
        least = (not least or rest < least) and rest or least
    end
    return least and text(least) or NEVER
end

local function next_due()
    local first = call('ZRANGE', K_PARKED, 0, 0, 'WITHSCORES')
    if not first[2] or first[2] == 'inf' then
        return NEVER
    end
    return text(from_ms(first[2]) - now)
end

local function rank_of(uuid)
    local before = uuid and call('ZRANK', K_AGES, uuid)
    return before and text(before + 1) or '0'
end

local function led()
    local leader, rest = leading()
    if leader then
        return leader, text(rest)
    end
    local quarantine = num('quarantine') - now
    return '', text(quarantine <= 0 and 0 or math.min(quarantine, num('longest_ttl')))
end

-- `s`: the slot that looks, or nil.
local function view_of(s)
    local leader, led_for = led()
    return {
        st.life or '', numtext('view'), text(now), leader, numtext('term'), led_for, rank_of(st.last_leader),
        rank_of(s and s.uuid), text(call('ZCARD', K_AGES)), text(call('ZCOUNT', K_SLOTS, '-inf', to_ms(now))),
        next_expiry(), numtext('version'), numtext('roster_rev'), numtext('inbox_rev'),
        s and text(seen_share_rev(s)) or '0', numtext('token'), text(call('HLEN', K_DB)), numtext('n_inbox'),
        numtext('n_placed'), text(call('ZCARD', K_PARKED)), next_due(), numtext('settled_age'),
        s and text(tonumber(call('ZSCORE', K_AGES, s.uuid))) or '0', st.strategy or ''
    }
end
