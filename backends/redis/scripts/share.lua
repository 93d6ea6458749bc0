#!lua flags=no-writes
-- with: base slots bits segments
-- Segments of a slot in the order of their numbers; fewer than asked for, or none, where it would take long to find
-- them. ARGV[2..]: after which number, how many, the slot.
local CURSOR, LIMIT, TARGET = ARGV[2], tonumber(ARGV[3]), ARGV[4]
local AT_ONCE = 256

local s = TARGET ~= '' and slot_at(TARGET, FIRST_SLOT_KEY)
if not s then
    return {'refused gone 0'}
end
local page = {'ok', text(seen_share_rev(s)), '0'}
local numbers, further = numbers_from(s, tonumber(CURSOR) + 1, math.min(LIMIT, AT_ONCE))
if further then
    page[3] = text(further - 1)
end
seg_load(numbers)
done_load(numbers)
recalls_load(numbers, s)
for _, number in ipairs(numbers) do
    local g = seg(number)
    page[#page + 1] = number
    page[#page + 1] = g.token
    page[#page + 1] = text(base_of(g) + first_clear(done_of(g)))
    page[#page + 1] = text(g.live)
    page[#page + 1] = text(bit_count(recalls_of(g, s)))
end
return page
