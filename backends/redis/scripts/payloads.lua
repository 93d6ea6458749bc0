#!lua flags=no-writes
-- with: base
-- Payloads of one segment, by position. ARGV[2..]: the number, from which position on. A payload never changes while
-- its id is in the pool, so they may be asked for in several steps. Answers the next position, 0 when that is all.
local NUMBER, FROM_POSITION = ARGV[2], tonumber(ARGV[3])
local BYTES_AT_ONCE = 1024 * 1024

local page, bytes, position = {'ok', '0'}, 0, 0
for id in string.gmatch(call('HGET', K_SEG, NUMBER) or '', '[^\n]+') do
    if position >= FROM_POSITION then
        if bytes >= BYTES_AT_ONCE then
            page[2] = text(position)
            break
        end
        local payload = call('HGET', K_DB, id) or ''
        page[#page + 1] = payload
        bytes = bytes + #payload
    end
    position = position + 1
end
return page
