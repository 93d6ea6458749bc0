#!lua
-- with: base slots change
-- An op that is over a limit whatever the state: refused like any other, in its turn. ARGV[7]: its kind's flags: j
-- joins, c campaigns, b beats.
local KIND = ARGV[7]

return change({joins = KIND == 'j', campaigns = KIND == 'c', unremembered = KIND == 'b', act = function()
    return refuse('limit')
end})
