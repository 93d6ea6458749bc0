#!lua
-- with: base slots change
-- A split is finished. ARGV[7..]: version, settled age, strategy.
local VERSION, SETTLED_AGE, STRATEGY = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]

return change({gate = by_leader, act = function()
    if VERSION ~= num('version') + 1 then
        return refuse('version')
    end
    put('version', VERSION)
    put('settled_age', math.max(num('settled_age'), SETTLED_AGE))
    put_text('strategy', STRATEGY)
    hint_group()
    return ok()
end})
