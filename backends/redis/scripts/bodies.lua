#!lua flags=no-writes
-- with: base slots bits segments
-- Segments, as far as they lie in that slot's share or ('') in the inbox. ARGV[2..]: the slot, then the numbers. Their
-- texts have been read before, by HMGET. Payloads are asked for by payloads.lua: of segments that may have any.
local TARGET, FIRST = ARGV[2], 3

local s = TARGET ~= '' and slot_at(TARGET, FIRST_SLOT_KEY) or nil
if TARGET ~= '' and not s then
    return {'refused gone 0'}
end
local page, numbers = {'ok', s and text(seen_share_rev(s)) or '0'}, {}
for i = FIRST, #ARGV do
    numbers[#numbers + 1] = ARGV[i]
end
seg_load(numbers)
for _, number in ipairs(numbers) do
    local g = seg_in(number, s and TARGET or nil)
    if g then
        page[#page + 1] = number
        page[#page + 1] = g.token or '0'
        page[#page + 1] = text(g.count)
        page[#page + 1] = g.payloads
        page[#page + 1] = done_of(g)
        page[#page + 1] = s and recalls_of(g, s) or ''
    end
end
return page
