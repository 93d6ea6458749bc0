#!lua flags=allow-oom
-- with: base slots change
-- Leadership is free.
return change({gate = by_valid_slot, act = function()
    if by_leader() then
        return refuse('not-leader')
    end
    free_leadership(SLOT)
    return ok()
end})
