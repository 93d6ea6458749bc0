#!lua flags=allow-oom
-- with: base slots change bits segments items
-- Ids are done: they leave the pool, and their fails are forgotten.
local function act()
    -- Whole or nothing: see shared/change.lua.
    call('HLEN', KEYS[SHARE_KEY])
    call('HLEN', KEYS[RECALLS_KEY])
    call('HLEN', K_SEG)
    call('HLEN', K_DONE)
    call('ZCARD', K_SEGMENTS)
    local count, forgotten = 0, {}
    local failed = call('HLEN', K_FAILS) > 0
    each_item(function(g, position, id)
        id = id or id_at(g, position)
        if position < 0 or call('HDEL', K_DB, id) == 0 then
            return false
        end
        if failed then
            forgotten[#forgotten + 1] = id
        end
        seg_take(g, position)
        seg_close(g)
        count = count + 1
    end)
    batched('HDEL', K_FAILS, forgotten)
    return ok(count, #refused, 0, '0', refused)
end

return change({gate = by_owner, act = act})
