#!lua
-- with: base slots change bits segments fails
-- Parked ids go back to the inbox: by the leader those that are due, by an operator (term 0) those named. ARGV[7..]:
-- how many, then the ids.
local COUNT, DUE_AT_ONCE = tonumber(ARGV[7]), 512

local function named()
    local ids, known = {}, {}
    for i = 1, COUNT do
        local id = ARGV[7 + i]
        if not known[id] and call('ZSCORE', K_PARKED, id) then
            ids[#ids + 1] = id
        end
        known[id] = true
    end
    return ids
end

local function gate()
    if TERM ~= '0' then
        return by_leader()
    end
end

return change({gate = gate, act = function()
    -- Whole or nothing: see shared/change.lua.
    call('HLEN', K_SEG)
    call('HLEN', K_LIVE)
    call('HLEN', K_FAILS)
    call('HLEN', K_LOCK)
    call('ZCARD', K_SEGMENTS)
    call('ZCARD', K_INBOX)
    call('ZCARD', K_PARKING)
    local by_operator = TERM == '0'
    local ids = by_operator and named() or
        call('ZRANGEBYSCORE', K_PARKED, '-inf', to_ms(now), 'LIMIT', 0, DUE_AT_ONCE)
    if #ids > 0 then
        unpark(ids, by_operator)
    end
    return ok(#ids, by_operator and COUNT - #ids or 0)
end})
