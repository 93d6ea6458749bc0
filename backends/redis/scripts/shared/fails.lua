-- fails: how often an id failed, and why last ("ATTEMPTS REASON"); ids that are set aside. What is looked at is kept,
-- what changed is written by write_fails().

local fails, failed = {}, {} -- by id, false: none; id, what is written of it ...
local parked, parking = {}, {} -- due, id ...; order, id ...

-- Looks at many at once, of which most will be written.
local function fails_load(ids)
    if #ids > MANY_FIELDS then
        as_table(K_FAILS)
    end
    each_field(K_FAILS, ids, function(id, fail)
        fails[id] = fail
    end)
end

local function count_attempt(id, reason)
    if fails[id] == nil then
        fails_load({id})
    end
    local before = fails[id]
    local attempts = (before and tonumber(string.match(before, '^%d+')) or 0) + 1
    fails[id] = text(attempts) .. ' ' .. reason
    failed[#failed + 1], failed[#failed + 2] = id, fails[id]
    return attempts
end

-- `due` as a score. The id stays in `db`; its segment is the caller's.
local FOR_GOOD = '+inf'
local function park(id, due)
    parked[#parked + 1], parked[#parked + 2] = due, id
    parking[#parking + 1], parking[#parking + 2] = text(increase('parked_order', 1)), id
end

local function write_fails()
    batched('HSET', K_FAILS, failed)
    batched('ZADD', K_PARKED, parked)
    batched('ZADD', K_PARKING, parking)
end

local function unpark(ids, forget)
    local payloads = 'n'
    for _, id in ipairs(ids) do
        if payloads == 'n' and call('HSTRLEN', K_DB, id) > 0 then
            payloads = 'p'
        end
    end
    batched('ZREM', K_PARKED, ids)
    batched('ZREM', K_PARKING, ids)
    if forget then
        batched('HDEL', K_FAILS, ids)
    end
    seg_to_inbox(seg_new(ids, payloads))
    increase('inbox_rev', 1)
    hint_work()
end
