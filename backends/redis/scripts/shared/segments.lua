-- segments: ids that are stored once and handed around by number. What is looked at is kept, what changed is written at
-- the end.
--
-- `live` has a line for each segment: "LIVE COUNT P" in the inbox, "LIVE COUNT P TOKEN SLOT" in a share; P is p when
-- one of its ids may have a payload, else n, and behind that the segment's base if that is not 1024 * its number. A
-- segment lies in exactly one place, because its line names it.

local segs = {} -- by number (text); false: not there

local heads = {} -- by "LIVE COUNT P", which many have in common

local function head_parse(head)
    local live, count, payloads, base = string.match(head, '^(%d+) (%d+) (%a)(%d*)$')
    local h = {live = tonumber(live), count = tonumber(count), payloads = payloads, base = base}
    heads[head] = h
    return h
end

local function seg_parse(number, line)
    if not line then
        return false
    end
    local head, token = string.match(line, '^(%d+ %d+ %a%d*) ?(%d*)')
    local h = heads[head] or head_parse(head)
    local g = {number = number, live = h.live, count = h.count, payloads = h.payloads, base = h.base, head = head}
    if token ~= '' then
        g.token, g.owner = token, string.sub(line, #head + #token + 3)
    end
    return g
end

-- HMGET of any number of fields: calls visit(field, value or false).
local function each_field(key, fields, visit)
    for i = 1, #fields, 1000 do
        local last = math.min(i + 999, #fields)
        local values = call('HMGET', key, unpack(fields, i, last))
        for j = i, last do
            visit(fields[j], values[j - i + 1])
        end
    end
end

-- Looks at many at once.
local function seg_load(numbers)
    local wanted = {}
    for _, number in ipairs(numbers) do
        if segs[number] == nil then
            segs[number] = false
            wanted[#wanted + 1] = number
        end
    end
    each_field(K_LIVE, wanted, function(number, line)
        segs[number] = seg_parse(number, line)
    end)
end

local function seg(number)
    if segs[number] == nil then
        seg_load({number})
    end
    return segs[number]
end

-- The segment when it lies in the inbox (`owner` nil) or in that slot's share; else nil.
local function seg_in(number, owner)
    local g = seg(number)
    return g and g.owner == owner and not g.gone and g or nil
end

-- Looks at the bitmaps of many at once: segments that were looked at.
local function done_load(numbers)
    local wanted = {}
    for _, number in ipairs(numbers) do
        local g = segs[number]
        if g and not g.done and g.live < g.count then
            g.done = ''
            wanted[#wanted + 1] = number
        end
    end
    each_field(K_DONE, wanted, function(number, bits)
        segs[number].done = bits or ''
    end)
end

-- The same of recalls: those that lie in the share of `s`.
local function recalls_load(numbers, s)
    local wanted = {}
    for _, number in ipairs(numbers) do
        local g = segs[number]
        if g and not g.recalls and g.owner == s.uuid then
            g.recalls = ''
            wanted[#wanted + 1] = number
        end
    end
    if s.recalls > 0 then
        each_field(s.recalls_key, wanted, function(number, bits)
            segs[number].recalls = bits or ''
        end)
    end
end

local function done_of(g)
    if not g.done then
        g.done = g.live < g.count and call('HGET', K_DONE, g.number) or ''
    end
    return g.done
end

-- The id at position i stands at base + i in the order of adding.
local function base_of(g)
    return g.base == '' and 1024 * tonumber(g.number) or tonumber(g.base)
end

-- Only of a segment that lies in the share of `s`.
local function recalls_of(g, s)
    if not g.recalls then
        g.recalls = s.recalls > 0 and call('HGET', s.recalls_key, g.number) or ''
    end
    return g.recalls
end

-- A live id is at this position.
local function seg_has(g, position)
    if position >= g.count then
        return false
    end
    local at, mask = math.floor(position / 8) + 1, MASKS[position % 8]
    local more, byte = g.done_more and g.done_more[at], string.byte(done_of(g), at)
    return not (byte and band(byte, mask) ~= 0) and not (more and band(more, mask) ~= 0)
end

-- The body is walked through line by line, and no further than it has to be.
local function id_at(g, position)
    if g.ids then
        return g.ids[position + 1]
    elseif not g.body then
        g.body = call('HGET', K_SEG, g.number) or ''
        g.line, g.line_at = 0, 1
    elseif position < g.line then
        g.line, g.line_at = 0, 1
    end
    local find, body, line, at = string.find, g.body, g.line, g.line_at
    while line < position do
        at = (find(body, '\n', at, true) or #body) + 1
        line = line + 1
    end
    local stop = find(body, '\n', at, true)
    if stop then
        g.line, g.line_at = line + 1, stop + 1
    else
        g.line, g.line_at = line, at
    end
    return string.sub(body, at, stop and stop - 1 or -1)
end

-- A share of more segments than this is not listed whole: all segments are gone through instead, so many at once.
local LISTED_AT_MOST, LOOKED_AT_LEAST = 1024, 512

local function numbers_listed(s, from, most)
    local found, numbers = s.swept and {} or call('HKEYS', s.ids_key), {}
    for i = 1, #found do
        local number = tonumber(found[i])
        if number >= from then
            numbers[#numbers + 1] = number
        end
    end
    table.sort(numbers)
    local page = {}
    for i = 1, math.min(most, #numbers) do
        page[i] = text(numbers[i])
    end
    return page, numbers[most + 1]
end

-- Numbers of a share, as text, from `from` on, in order, at most `most` of them; and from where to go on, nil at the
-- end. There may be none although it goes on.
local function numbers_from(s, from, most)
    if s.segments <= LISTED_AT_MOST then
        return numbers_listed(s, from, most)
    end
    local page, looked = {}, math.max(LOOKED_AT_LEAST, 2 * most)
    local found = call('ZRANGEBYSCORE', K_SEGMENTS, from, '+inf', 'LIMIT', 0, looked)
    seg_load(found)
    for _, number in ipairs(found) do
        local g = segs[number]
        if g and g.owner == s.uuid then
            if #page == most then
                return page, tonumber(number)
            end
            page[#page + 1] = number
        end
    end
    return page, #found == looked and tonumber(found[#found]) + 1 or nil
end

-- ---- changes

local out_of_inbox, lifted = {}, {} -- numbers; by UUID: numbers
local more_placed, more_in_inbox = 0, 0

-- Takes a segment out of its place: recalls cleared, token gone.
local function seg_lift(g)
    local s = g.owner and slots[g.owner]
    if s then
        own(s)
        slot_put(s, 'segments', s.segments - 1)
        slot_put(s, 'ids', s.ids - g.live)
        local recalled = bit_count(recalls_of(g, s))
        if recalled > 0 then
            slot_put(s, 'recalls', s.recalls - recalled)
        end
        lifted[s.uuid] = lifted[s.uuid] or {}
        table.insert(lifted[s.uuid], g.number)
        more_placed = more_placed - g.live
    elseif g.in_inbox ~= false then
        out_of_inbox[#out_of_inbox + 1] = g.number
        more_in_inbox = more_in_inbox - g.live
    end
    g.owner, g.token, g.recalls, g.recalls_changed = nil, nil, nil, nil
    g.in_inbox = false
    g.changed = true
end

local into_inbox, into_share = {}, {} -- order, number ...; by UUID: number, token ...

local function seg_to_inbox(g)
    g.in_inbox, g.changed = true, true
    into_inbox[#into_inbox + 1] = text(increase('order', 1))
    into_inbox[#into_inbox + 1] = g.number
    more_in_inbox = more_in_inbox + g.live
end

local function seg_to_share(g, s, token)
    own(s)
    g.owner, g.token, g.recalls, g.in_inbox, g.changed = s.uuid, token, '', false, true
    s.segments, s.ids = s.segments + 1, s.ids + g.live
    s.changed.segments, s.changed.ids = true, true
    local into = into_share[s.uuid] or {}
    into_share[s.uuid] = into
    into[#into + 1] = g.number
    into[#into + 1] = token
    more_placed = more_placed + g.live
end

-- The id at the position is done here.
local function seg_take(g, position)
    local at, more = math.floor(position / 8) + 1, g.done_more or {}
    more[at] = (more[at] or 0) + MASKS[position % 8]
    g.done_more, g.changed, g.head = more, true, nil
    g.live = g.live - 1
    local s = g.owner and slots[g.owner]
    if not s then
        more_in_inbox = more_in_inbox - 1
        return
    end
    own(s)
    slot_put(s, 'ids', s.ids - 1)
    more_placed = more_placed - 1
    local recalls = recalls_of(g, s)
    if recalls ~= '' and bit_test(recalls, position) then
        g.recalls, g.recalls_changed = bit_clear(g.recalls, position), true
        slot_put(s, 'recalls', s.recalls - 1)
    end
end

-- The segment goes away when nothing of it is live.
local function seg_close(g)
    if g.live > 0 or g.gone then
        return
    end
    seg_lift(g)
    g.gone = true
end

local bodies, numbered = {}, {} -- number, ids ...; number, number ...
local BODY_BYTES_AT_ONCE = 64 * 1024

-- A new segment, which lies nowhere yet. `body`: `count` ids, one a line, nil: they are there already; `base`: nil when
-- it follows from the number.
local function seg_new_of(body, count, payloads, base)
    local number = text(increase('segment', 1))
    local g = {number = number, live = count, count = count, payloads = payloads, done = '', in_inbox = false,
        changed = true, base = base and base ~= 1024 * tonumber(number) and text(base) or ''}
    if body then
        bodies[#bodies + 1], bodies[#bodies + 2] = number, body
    end
    numbered[#numbered + 1], numbered[#numbered + 2] = number, number
    segs[number] = g
    return g
end

local function seg_new(ids, payloads, base)
    local g = seg_new_of(table.concat(ids, '\n'), #ids, payloads, base)
    g.ids = ids
    return g
end

-- The same, of ids that lay at these positions of one segment, in order: they keep their distances. A gap is written as
-- '-', and done.
local function seg_new_apart(ids, positions, payloads, base)
    local first = positions[1]
    local span = positions[#positions] - first + 1
    if span == #ids then
        return seg_new(ids, payloads, base)
    end
    local lines, done, next_position = {}, {}, first
    for i = 1, math.floor(span / 8) do
        done[i] = 255
    end
    if span % 8 > 0 then
        done[#done + 1] = 2 ^ (span % 8) - 1
    end
    for i, id in ipairs(ids) do
        local gap, at = positions[i] - next_position, positions[i] - first
        if gap > 0 then
            lines[#lines + 1] = string.rep('-\n', gap - 1) .. '-'
        end
        lines[#lines + 1] = id
        done[math.floor(at / 8) + 1] = done[math.floor(at / 8) + 1] - MASKS[at % 8]
        next_position = positions[i] + 1
    end
    local g = seg_new_of(table.concat(lines, '\n'), span, payloads, base)
    g.live, g.done, g.done_changed = #ids, string.char(unpack(done)), true
    return g
end

local function next_token()
    put_next('token')
    return numtext('token')
end

-- ---- ids of several segments, written anew into one

local function gather_new()
    return {ids = {}, from = {}, positions = {}, apart = true, payloads = 'n'}
end

local function gather_take(gather, g, position, id)
    gather.base = gather.base or base_of(g) + position
    gather.ids[#gather.ids + 1] = id or id_at(g, position)
    if gather.from[#gather.from] ~= g then
        gather.from[#gather.from + 1] = g
    end
    local before = gather.positions[#gather.positions]
    gather.apart = gather.apart and g == gather.from[1] and (not before or before < position)
    gather.positions[#gather.positions + 1] = position
    if g.payloads == 'p' then
        gather.payloads = 'p'
    end
    seg_take(g, position)
end

local function gather_write(gather)
    local to = gather.apart and seg_new_apart(gather.ids, gather.positions, gather.payloads, gather.base) or
        seg_new(gather.ids, gather.payloads, gather.base)
    for _, g in ipairs(gather.from) do
        seg_close(g)
    end
    return to
end

-- ---- writing

local function line_of(g)
    local head = g.head or text(g.live) .. ' ' .. text(g.count) .. ' ' .. g.payloads .. g.base
    return g.owner and head .. ' ' .. g.token .. ' ' .. g.owner or head
end

-- Each command's arguments are copied before it copies them: so not all of them at once.
local function write_bodies()
    local from, size = 1, 0
    for i = 1, #bodies, 2 do
        size = size + #bodies[i + 1]
        if size >= BODY_BYTES_AT_ONCE or i - from >= 1000 or i == #bodies - 1 then
            call('HSET', K_SEG, unpack(bodies, from, i + 1))
            from, size = i + 2, 0
        end
    end
end

write_segments = function()
    local gone, lines, done = {}, {}, {}
    local recalls = {}
    for number, g in pairs(segs) do
        if g and g.gone then
            gone[#gone + 1] = number
        elseif g and g.changed then
            lines[#lines + 1] = number
            lines[#lines + 1] = line_of(g)
            if g.done_more or g.done_changed then
                done[#done + 1] = number
                done[#done + 1] = g.done_more and bits_with(done_of(g), g.done_more) or g.done
            end
        end
        if g and g.recalls_changed then
            recalls[g.owner] = recalls[g.owner] or {}
            table.insert(recalls[g.owner], number)
            table.insert(recalls[g.owner], g.recalls)
        end
    end
    increase('n_placed', more_placed)
    increase('n_inbox', more_in_inbox)
    batched('HDEL', K_SEG, gone) -- first, so that what is new gets its memory
    write_bodies()
    batched('ZADD', K_SEGMENTS, numbered)
    batched('ZREM', K_INBOX, out_of_inbox)
    batched('ZADD', K_INBOX, into_inbox)
    for uuid, numbers in pairs(lifted) do
        batched('HDEL', slots[uuid].ids_key, numbers)
        batched('HDEL', slots[uuid].recalls_key, numbers)
    end
    for uuid, pairs_of in pairs(into_share) do
        batched('HSET', slots[uuid].ids_key, pairs_of)
    end
    for uuid, pairs_of in pairs(recalls) do
        batched('HSET', slots[uuid].recalls_key, pairs_of)
    end
    batched('HSET', K_LIVE, lines)
    batched('HSET', K_DONE, done)
    batched('HDEL', K_LIVE, gone)
    batched('HDEL', K_DONE, gone)
    batched('ZREM', K_SEGMENTS, gone)
end
