#!lua flags=no-writes
-- with: base
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
for i = 1, count do
    page[#page + 1] = numbers[i]
    page[#page + 1] = string.match(lines[i] or '0', '^%d+')
end
return page
