#!lua flags=allow-oom
-- with: base slots change bits segments items
-- The owner gives ids back: whole segments by their number; behind those, single ids, for each segment that they lie in
-- written anew in one, by position.

local function by_position(a, b)
    return a.position < b.position
end

-- The ids of one segment. They were taken one by one, so that none is taken twice.
local function write(taken)
    local g, ids, positions = taken.g, {}, {}
    table.sort(taken, by_position)
    for i, one in ipairs(taken) do
        ids[i] = one.id or id_at(g, one.position)
        positions[i] = one.position
    end
    seg_to_inbox(seg_new_apart(ids, positions, g.payloads, base_of(g) + taken[1].position))
    seg_close(g)
end

local function act()
    -- Whole or nothing: see shared/change.lua.
    call('HLEN', KEYS[SHARE_KEY])
    call('HLEN', KEYS[RECALLS_KEY])
    call('HLEN', K_SEG)
    call('HLEN', K_DONE)
    call('HLEN', K_LOCK)
    call('ZCARD', K_SEGMENTS)
    call('ZCARD', K_INBOX)
    local sources, by_number, count = {}, {}, 0
    each_item(function(g, position, id)
        if position < 0 then
            count = count + g.live
            seg_lift(g)
            seg_to_inbox(g)
        else
            local taken = by_number[g.number]
            if not taken then
                taken = {g = g}
                by_number[g.number] = taken
                sources[#sources + 1] = taken
            end
            taken[#taken + 1] = {position = position, id = id}
            seg_take(g, position)
            count = count + 1
        end
    end)
    if count > 0 then
        for _, taken in ipairs(sources) do
            write(taken)
        end
        increase('inbox_rev', 1)
        hint_work(true)
        share_changed(speaker)
    end
    return ok(count, #refused, 0, '0', refused)
end

return change({gate = by_owner, act = act})
