#!lua flags=no-writes
-- with: base bits
-- Segments in the order in which they came into the inbox. ARGV[2..]: after which order, how many.
local AT_ONCE = 512
local CURSOR, LIMIT = ARGV[2], math.min(tonumber(ARGV[3]), AT_ONCE)

local found = call('ZRANGEBYSCORE', K_INBOX, '(' .. CURSOR, '+inf', 'WITHSCORES', 'LIMIT', 0, LIMIT + 1)
local count = math.min(LIMIT, #found / 2)
local page = {'ok', numtext('inbox_rev'), #found / 2 > LIMIT and found[2 * LIMIT] or '0'}
local numbers = {}
for i = 1, count do
    numbers[i] = found[2 * i - 1]
end
local lines = count > 0 and call('HMGET', K_LIVE, unpack(numbers)) or {}
local live, bases, cut = {}, {}, {}
for i = 1, count do
    local all
    live[i], all, bases[i] = string.match(lines[i] or '0 0 n', '^(%d+) (%d+) %a(%d*)')
    if live[i] ~= all then
        cut[#cut + 1] = numbers[i]
    end
end
local done, next_done = #cut > 0 and call('HMGET', K_DONE, unpack(cut)) or {}, 1
for i = 1, count do
    local first = 0
    if cut[next_done] == numbers[i] then
        first = first_clear(done[next_done] or '')
        next_done = next_done + 1
    end
    page[#page + 1] = numbers[i]
    page[#page + 1] = text((bases[i] == '' and 1024 * tonumber(numbers[i]) or tonumber(bases[i])) + first)
    page[#page + 1] = live[i]
end
return page
