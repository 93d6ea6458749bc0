#!lua
-- with: base slots change bits segments fails items
-- Ids are not done: parked until they are due, or for good. Behind the items: reason, max_attempts, retry_after.
local REASON, MAX_ATTEMPTS, RETRY_AFTER = unpack(ARGV, FIRST_ITEM + 4 * ITEMS, FIRST_ITEM + 4 * ITEMS + 2)
MAX_ATTEMPTS, RETRY_AFTER = tonumber(MAX_ATTEMPTS), tonumber(RETRY_AFTER)

local function act()
    -- Whole or nothing: see shared/change.lua.
    call('HLEN', KEYS[SHARE_KEY])
    call('HLEN', KEYS[RECALLS_KEY])
    call('HLEN', K_SEG)
    call('HLEN', K_DONE)
    call('HLEN', K_LIVE)
    call('HLEN', K_FAILS)
    call('HLEN', K_LOCK)
    call('ZCARD', K_SEGMENTS)
    call('ZCARD', K_PARKED)
    call('ZCARD', K_PARKING)
    local named = {}
    for at = FIRST_ITEM + 3, FIRST_ITEM + 4 * ITEMS - 1, 4 do
        if ARGV[at] ~= '' then
            named[#named + 1] = ARGV[at]
        end
    end
    fails_load(named)
    local due = to_ms(now + RETRY_AFTER)
    local count = 0
    each_item(function(g, position, id)
        id = id or id_at(g, position)
        if position < 0 or call('HEXISTS', K_DB, id) == 0 then
            return false
        end
        local attempts = count_attempt(id, REASON)
        park(id, MAX_ATTEMPTS ~= 0 and attempts >= MAX_ATTEMPTS and FOR_GOOD or due)
        seg_take(g, position)
        seg_close(g)
        count = count + 1
    end)
    write_fails()
    if count > 0 then
        hint_work(true) -- the leader is to learn when the next parked id is due
    end
    return ok(count, #refused, 0, '0', refused)
end

return change({gate = by_owner, act = act})
