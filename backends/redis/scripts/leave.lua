#!lua flags=allow-oom
-- with: base slots change
-- The slot is left; its ids move by reap.
return change({gate = by_valid_slot, act = function()
    -- Whole or nothing: see shared/change.lua.
    call('HLEN', K_LOCK)
    slot_put(speaker, 'state', 'left')
    slot_put(speaker, 'working', '') -- it stopped in order: a reap counts no attempt
    slot_expire(speaker, 0)
    roster_changed()
    free_leadership(SLOT)
    return ok()
end})
