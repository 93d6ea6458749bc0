#!lua
-- with: base slots change
-- Ends a slot that does not give back what was recalled. ARGV[7]: the target, whose keys lie behind the speaker's.
local TARGET = ARGV[7]

return change({gate = by_leader, act = function()
    local s = slot_at(TARGET, FIRST_SLOT_KEY + KEYS_PER_SLOT)
    if not s then
        return refuse('gone')
    elseif s.state == 'left' or s.state == 'dead' then
        return refuse('dead')
    elseif s.state == 'live' then
        slot_put(s, 'state', 'retired')
        roster_changed()
        free_leadership(TARGET)
    end
    return ok()
end})
