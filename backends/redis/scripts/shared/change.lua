-- change: the way of a change through the store: the clock, sessions (rule 3), the gate, the effect.
--
-- A change is whole or nothing. What can fail in it is a command on a key that somebody else has put under one of our
-- names. So each key that is written, or read behind a write, has been read before the first write; where an op would
-- not, it asks for the key's length (HLEN, ZCARD). Only the pass of clamp(), and what forgets ended sessions, may be
-- done of a change that fails.
--
-- ARGV[2..6]: the speaking slot ('' nobody), session, sequence, not_after, term. Its keys come first behind the
-- group's.
local SLOT, SESSION, SEQUENCE, NOT_AFTER, TERM = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
local WINDOW, CLAMPED_AT_ONCE, FORGOTTEN_AT_ONCE = 64, 512, 8
local FORGETTABLE = {gone = true, invalid = true, stale = true, limit = true}

local function refuse(reason, wait)
    return 'refused ' .. reason .. ' ' .. text(wait or 0)
end

-- An outcome as sessions remember it. `refused`: the indexes of items that were refused, from 0.
local function ok(count, skipped, more, term, refused)
    local bits = '-'
    if refused and #refused > 0 then
        local bytes = {}
        for _, i in ipairs(refused) do
            local at = math.floor(i / 8) + 1
            bytes[at] = (bytes[at] or 0) + 2 ^ (i % 8)
        end
        bits = ''
        for at = 1, math.floor(refused[#refused] / 8) + 1 do
            bits = bits .. string.format('%02x', bytes[at] or 0)
        end
    end
    return 'ok ' .. text(count or 0) .. ' ' .. text(skipped or 0) .. ' ' .. text(more or 0) .. ' ' .. (term or '0') ..
        ' ' .. bits
end

-- ---- rule 1: no expiry lies further away than the ttl that was announced. As long as the clock goes forward, nothing
-- can get there. When it was set back, all slots are looked at, a bounded number with each change.

local function clamp_some()
    local found = call('ZRANGEBYSCORE', K_AGES, '(' .. st.pass, '+inf', 'WITHSCORES', 'LIMIT', 0, CLAMPED_AT_ONCE)
    for i = 1, #found, 2 do
        local uuid, age = found[i], tonumber(found[i + 1])
        local expires = from_ms(call('ZSCORE', K_SLOTS, uuid) or 0)
        local ttl = tonumber(call('HGET', K_TTLS, uuid) or 0)
        if age <= num('dead_age') then
            call('ZADD', K_SLOTS, 0, uuid)
        elseif expires - now > ttl then
            call('ZADD', K_SLOTS, to_ms(now + ttl), uuid)
        end
    end
    if #found < 2 * CLAMPED_AT_ONCE then
        st.pass, st_changed.pass = nil, nil
        call('HDEL', K_STATE, 'pass')
    else
        put_text('pass', found[#found])
    end
end

local function clamp()
    if now < num('clock') then
        put_text('pass', '0')
        if num('quarantine') - now > num('longest_ttl') then
            put('quarantine', now + num('longest_ttl'))
        end
    end
    put('clock', now)
    if st.pass then
        clamp_some()
    end
end

-- ---- rule 3

local speaker
local memory, memory_prefix, highest -- where this session remembers, and the highest sequence there

local function remember_in(key, prefix)
    memory, memory_prefix = key, prefix
    local v = call('HMGET', key, prefix .. SEQUENCE, prefix .. 'h')
    highest = tonumber(v[2] or 0)
    return v[1]
end

local function forget_session(uuid)
    local prefix = uuid .. ':'
    local last = tonumber(call('HGET', K_OUTCOMES, prefix .. 'h') or 0)
    local fields = {prefix .. 'h'}
    for sequence = math.max(1, last - WINDOW + 1), last do
        fields[#fields + 1] = prefix .. text(sequence)
    end
    call('HDEL', K_OUTCOMES, unpack(fields))
    call('ZREM', K_SESSIONS, uuid)
end

-- Sessions without a slot are forgotten when they have ended: a few with each op of one.
local function forget_ended()
    for _, uuid in ipairs(call('ZRANGEBYSCORE', K_SESSIONS, '-inf', '(' .. text(now), 'LIMIT', 0, FORGOTTEN_AT_ONCE)) do
        forget_session(uuid)
    end
    local not_after = call('ZSCORE', K_SESSIONS, SESSION)
    if not_after and tonumber(not_after) < now then
        forget_session(SESSION)
    end
end

-- A campaign's first outcome is true only while that leadership is held.
local function still_true(first, campaigns)
    if not campaigns or string.sub(first, 1, 3) ~= 'ok ' then
        return true
    end
    return leading() == SLOT and string.match(first, '^ok %d+ %d+ %d+ (%d+)') == numtext('term')
end

-- A slot that is over never comes back, not even by a join that was under way for long: until that join's not-after a
-- reaped slot's name is kept as a session; past it the join is refused for being late.
local function join_comes_late()
    forget_ended()
    if call('ZSCORE', K_SESSIONS, SLOT) then
        return refuse('gone')
    elseif NOT_AFTER ~= 0 and NOT_AFTER < now then
        return refuse('stale')
    end
end

-- What the session says of this op; nil: it is new.
local function outcome_by_session(joins, campaigns)
    local first
    if SLOT ~= '' then
        if speaker then
            first = remember_in(speaker.session_key, '')
        elseif joins then
            return join_comes_late()
        else
            return refuse('gone')
        end
    else
        forget_ended()
        if NOT_AFTER < now then
            return refuse('stale')
        end
        first = remember_in(K_OUTCOMES, SESSION .. ':')
    end
    if first and still_true(first, campaigns) then
        return first
    elseif tonumber(SEQUENCE) + WINDOW <= highest then
        return refuse('stale')
    end
end

local function is_memorable(outcome, campaigns)
    local reason = string.match(outcome, '^refused ([%w-]+)')
    return not reason or (not campaigns and not FORGETTABLE[reason])
end

local function remember(outcome)
    local sequence = tonumber(SEQUENCE)
    if SLOT == '' then
        call('ZADD', K_SESSIONS, 'GT', ARGV[5], SESSION)
    elseif speaker then
        memory, memory_prefix, highest = speaker.session_key, '', highest or 0
    else
        return -- a join that was refused: there is nobody to remember it for
    end
    call('HSET', memory, memory_prefix .. SEQUENCE, outcome, memory_prefix .. 'h', text(math.max(sequence, highest)))
    local stale = {}
    for old = math.max(1, highest - WINDOW + 1), math.min(highest, sequence - WINDOW) do
        stale[#stale + 1] = memory_prefix .. text(old)
    end
    if #stale > 0 then
        call('HDEL', memory, unpack(stale))
    end
end

-- ---- the way

local function write_all()
    if write_segments then
        write_segments()
    end
    write_slots()
    write_state()
    tell_hints()
end

local function carry_out(rule)
    speaker = SLOT ~= '' and slot_at(SLOT, FIRST_SLOT_KEY) or nil
    clamp()
    if speaker then -- the pass may have clamped it
        speaker.expires = from_ms(call('ZSCORE', K_SLOTS, SLOT) or 0)
    end
    local outcome = rule.unremembered ~= true and outcome_by_session(rule.joins, rule.campaigns) or nil
    if not outcome then
        local reason = rule.gate and rule.gate()
        outcome = reason and refuse(reason) or rule.act()
        if rule.unremembered ~= true and is_memorable(outcome, rule.campaigns) then
            remember(outcome)
        end
    end
    write_all()
    if rule.view and string.sub(outcome, 1, 3) == 'ok ' then
        return {outcome, unpack(rule.view(speaker))}
    end
    return {outcome}
end

-- The key that is not ours, as an error; whatever else failed fails again (a text that begins with a code, as that).
local function failure(failed)
    for i = 1, is_of_others(failed) and #KEYS or 0 do
        if is_of_others(redis.pcall(ZSETS[i] and 'ZCARD' or 'HLEN', KEYS[i])) then
            return of_others(KEYS[i])
        end
    end
    error(type(failed) == 'string' and string.find(failed, '^%u+ ') and {err = failed} or failed, 0)
end

-- The reply. `gate` returns a reason or nil; `act` returns an outcome; `view`: what is shown when all went well.
local function change(rule)
    local done, reply = pcall(carry_out, rule)
    return done and reply or failure(reply)
end

-- ---- gates

local function by_valid_slot()
    return slot_refusal(speaker)
end

-- An expired slot still owns what nobody has taken from it.
local function by_owner()
    if speaker.state == 'dead' then
        return 'dead'
    end
end

-- Rule 8.
local function by_leader()
    if TERM ~= numtext('term') or call('HGET', K_LOCK, 'holder') ~= SLOT or not is_live(speaker) then
        return 'not-leader'
    end
end
