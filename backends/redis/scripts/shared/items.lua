-- items: what an owner names: ARGV[7] items of (segment, token, position, id), from ARGV[8] on. Position -1: all that
-- is left of the segment. A token is the proof of ownership (I4); an id that is named is trusted to be the one there.
local ITEMS, FIRST_ITEM = tonumber(ARGV[7]), 8

local SHARE_KEY, RECALLS_KEY = FIRST_SLOT_KEY + 1, FIRST_SLOT_KEY + 2

local refused = {}

-- Calls accept(segment, position, id or nil) for each item that is in the speaking slot's share, with that token, not
-- done; what it answers with false is refused like the others.
local function each_item(accept)
    local numbers, broken = {}, {} -- all, and those of which single ids are named
    for i = 0, ITEMS - 1 do
        local at = FIRST_ITEM + 4 * i
        numbers[#numbers + 1] = ARGV[at]
        if ARGV[at + 2] ~= '-1' then
            broken[#broken + 1] = ARGV[at]
        end
    end
    seg_load(numbers)
    done_load(broken)
    recalls_load(numbers, speaker)
    for i = 0, ITEMS - 1 do
        local at = FIRST_ITEM + 4 * i
        local position, id = tonumber(ARGV[at + 2]), ARGV[at + 3]
        local g = seg_in(ARGV[at], SLOT)
        local there = g and g.token == ARGV[at + 1] and g.live > 0 and (position < 0 or seg_has(g, position))
        if not there or accept(g, position, id ~= '' and id or nil) == false then
            refused[#refused + 1] = i
        end
    end
end
