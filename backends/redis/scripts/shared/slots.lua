-- slots: one slot; who leads.

local slots = {} -- by UUID: those that were looked at

-- The slot whose four keys begin at KEYS[base], or nil. What else of its hash is asked for is in `further`.
local function slot_at(uuid, base, ...)
    if slots[uuid] then
        return slots[uuid]
    end
    local v = call('HMGET', KEYS[base], 'state', 'life', 'ttl', 'draining', 'share_rev', 'ids', 'recalls', 'segments',
        'epoch', ...)
    if not v[1] then
        return nil
    end
    local s = {uuid = uuid, key = KEYS[base], ids_key = KEYS[base + 1], recalls_key = KEYS[base + 2],
        session_key = KEYS[base + 3], changed = {}, state = v[1], ttl = tonumber(v[3]), draining = v[4],
        share_rev = tonumber(v[5]), ids = tonumber(v[6]), recalls = tonumber(v[7]), segments = tonumber(v[8]),
        further = {unpack(v, 10, 9 + select('#', ...))}}
    if v[2] ~= st.life then
        s.state = 'dead' -- of an earlier life (rule 5)
    end
    if v[9] ~= numtext('clean_epoch') then -- the pool was cleaned since: it owns nothing
        s.swept = true
        s.ids, s.recalls, s.segments = 0, 0, 0
    end
    s.expires = from_ms(call('ZSCORE', K_SLOTS, uuid) or 0)
    slots[uuid] = s
    return s
end

local function slot_put(s, name, value)
    s[name] = value
    s.changed[name] = true
end

local function slot_expire(s, us)
    s.expires = us
    call('ZADD', K_SLOTS, to_ms(us), s.uuid)
end

-- Before anything of a share changes: what a clean has left of it goes away.
local function own(s)
    if not s.swept then
        return
    end
    s.swept = false
    call('UNLINK', s.ids_key, s.recalls_key)
    slot_put(s, 'epoch', numtext('clean_epoch'))
    slot_put(s, 'ids', 0)
    slot_put(s, 'recalls', 0)
    slot_put(s, 'segments', 0)
end

-- The remaining lease, never more than the ttl (rule 1).
local function rest_of(s)
    return math.min(s.expires - now, s.ttl)
end

local function is_live(s)
    return s.state == 'live' and rest_of(s) > 0
end

-- Rule 7: why this slot may not speak, or nil.
local function slot_refusal(s)
    if not s then
        return 'gone'
    elseif s.state ~= 'live' then
        return s.state
    elseif rest_of(s) <= 0 then
        return 'expired'
    end
end

local function seen_share_rev(s)
    return s.share_rev + num('share_base')
end

local function share_changed(s, quiet)
    slot_put(s, 'share_rev', s.share_rev + 1)
    if not s.hinted and not quiet then
        s.hinted = true
        hint('events:' .. s.uuid, 'share')
    end
end

local function roster_changed()
    increase('roster_rev', 1)
    hint_work()
end

-- Who leads at this moment, and for how long; nil: nobody. That a slot that retires, leaves or dies gives up the lock
-- is seen to by those who change it.
local function leading()
    local lock = call('HMGET', K_LOCK, 'holder', 'ttl')
    local expires = lock[1] and call('ZSCORE', K_SLOTS, lock[1])
    if not expires then
        return nil
    end
    local rest = math.min(from_ms(expires) - now, tonumber(lock[2]))
    if rest > 0 then
        return lock[1], rest
    end
end

-- Nobody has to ask who leads now: a beat of everybody for it would be in the next leader's way.
local function free_leadership(uuid)
    if call('HGET', K_LOCK, 'holder') ~= uuid then
        return
    end
    call('DEL', K_LOCK)
    hint('events', 'leaderless ' .. FROM)
end

local function write_slots()
    for _, s in pairs(slots) do
        local args = {}
        for name in pairs(s.changed) do
            args[#args + 1] = name
            args[#args + 1] = type(s[name]) == 'number' and text(s[name]) or s[name]
        end
        if #args > 0 and not s.removed then
            call('HSET', s.key, unpack(args))
        end
    end
end

local write_segments -- shared/segments.lua, where it is there
