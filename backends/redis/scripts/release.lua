#!lua flags=allow-oom
-- with: base slots change bits segments items
-- The owner gives ids back: whole segments by their number, single ids written anew in a segment behind those.
local function act()
    -- Whole or nothing: see shared/change.lua.
    call('HLEN', KEYS[SHARE_KEY])
    call('HLEN', KEYS[RECALLS_KEY])
    call('HLEN', K_SEG)
    call('HLEN', K_DONE)
    call('HLEN', K_LOCK)
    call('ZCARD', K_SEGMENTS)
    call('ZCARD', K_INBOX)
    local gather, count = gather_new(), 0
    each_item(function(g, position, id)
        if position < 0 then
            count = count + g.live
            seg_lift(g)
            seg_to_inbox(g)
        else
            gather_take(gather, g, position, id)
            count = count + 1
        end
    end)
    if count > 0 then
        if #gather.ids > 0 then
            seg_to_inbox(gather_write(gather))
        end
        increase('inbox_rev', 1)
        hint_work(true)
        share_changed(speaker)
    end
    return ok(count, #refused, 0, '0', refused)
end

return change({gate = by_owner, act = act})
