-- fails: how often an id failed, and why last ("ATTEMPTS REASON"); ids that are set aside.

local function count_attempt(id, reason)
    local before = call('HGET', K_FAILS, id)
    local attempts = (before and tonumber(string.match(before, '^%d+')) or 0) + 1
    call('HSET', K_FAILS, id, text(attempts) .. ' ' .. reason)
    return attempts
end

-- `due` in microseconds; math.huge: for good. The id stays in `db`; its segment is the caller's.
local function park(id, due)
    call('ZADD', K_PARKED, due == math.huge and '+inf' or to_ms(due), id)
    call('ZADD', K_PARKING, text(increase('parked_order', 1)), id)
end

local function unpark(ids, forget)
    local payloads = 'n'
    for _, id in ipairs(ids) do
        if call('HSTRLEN', K_DB, id) > 0 then
            payloads = 'p'
        end
        call('ZREM', K_PARKED, id)
        call('ZREM', K_PARKING, id)
        if forget then
            call('HDEL', K_FAILS, id)
        end
    end
    seg_to_inbox(seg_new(ids, payloads))
    increase('inbox_rev', 1)
    hint_work()
end
