#!lua flags=no-writes
-- with: base slots bits segments
-- The pool id by id, in short pages: segments by number and position, then what is parked by order of parking.
-- ARGV[2..]: the slot ('' all), s (segments) or p (parked), number or order, position, how many, with payloads, then
-- the UUIDs of slots whose keys lie behind the group's (the slot itself first). Others that are needed are asked for:
-- {'again', UUID ...}. Answers where to go on (s or p, number or order, position; '' at the end), then nine fields an id.
local TARGET, PHASE, NUMBER, POSITION = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local IDS_AT_ONCE, SEGMENTS_AT_ONCE, BYTES_AT_ONCE = 512, 64, 1024 * 1024
local LIMIT, WITH_PAYLOADS, FIRST_UUID = math.min(tonumber(ARGV[6]), IDS_AT_ONCE), ARGV[7] == '1', 8

local bases = {}
for i = FIRST_UUID, #ARGV do
    bases[ARGV[i]] = FIRST_SLOT_KEY + KEYS_PER_SLOT * (i - FIRST_UUID)
end

local page = {'ok', '', '0', '0'}
local FIRST_FIELD, FIELDS = #page + 1, 9
local count, bytes = 0, 0
local has_fails = call('HLEN', K_FAILS) > 0
local shown, further = {}, nil -- ids; of one slot: the number to go on from behind what was chosen

local function is_full()
    return count >= LIMIT or bytes >= BYTES_AT_ONCE
end

local function go_on(phase, number, position)
    page[2], page[3], page[4] = phase, number, text(position)
end

local function append(id, place, slot, token, recalled, due)
    local payload = WITH_PAYLOADS and call('HGET', K_DB, id) or ''
    local n = FIRST_FIELD + FIELDS * count
    count, bytes = count + 1, bytes + #payload
    shown[count] = id
    page[n], page[n + 1], page[n + 2], page[n + 3], page[n + 4] = id, payload, place, slot, token
    page[n + 5], page[n + 6], page[n + 7], page[n + 8] = '0', '', recalled, due
end

local function append_fails()
    if not has_fails then
        return
    end
    local n = FIRST_FIELD + 5
    each_field(K_FAILS, shown, function(_, fail)
        if fail then
            page[n], page[n + 1] = string.match(fail, '^(%d+) (.*)$')
        end
        n = n + FIELDS
    end)
end

-- Those that the page needs, and one more; nil and UUIDs when keys of owners are missing.
local function choose()
    local numbers
    if TARGET ~= '' then
        numbers, further = numbers_from(slot_at(TARGET, bases[TARGET]), tonumber(NUMBER), SEGMENTS_AT_ONCE + 1)
    else
        numbers = call('ZRANGEBYSCORE', K_SEGMENTS, NUMBER, '+inf', 'LIMIT', 0, SEGMENTS_AT_ONCE + 1)
    end
    seg_load(numbers)
    done_load(numbers)
    local chosen, owners, missing, live = {}, {}, false, 0
    for i, number in ipairs(numbers) do
        local g = seg(number)
        chosen[i] = g
        if live >= LIMIT or i > SEGMENTS_AT_ONCE then
            break
        end
        live = live + (i == 1 and POSITION > 0 and 0 or g.live)
        if g.owner and not owners[g.owner] then
            owners[g.owner] = true
            owners[#owners + 1] = g.owner
            missing = missing or not bases[g.owner]
        end
    end
    if missing then
        return nil, owners
    end
    return chosen
end

-- False: the page is full.
local function append_segment(g, from)
    local s = g.owner and slot_at(g.owner, bases[g.owner])
    local recalls, place, owner, token = s and recalls_of(g, s) or '', s and 's' or 'i', g.owner or '', g.token or '0'
    for position = from, g.count - 1 do
        if seg_has(g, position) then
            if is_full() then
                go_on('s', g.number, position)
                return false
            end
            append(id_at(g, position), place, owner, token,
                recalls ~= '' and bit_test(recalls, position) and '1' or '0', 'never')
        end
    end
    return true
end

local function append_segments(chosen)
    for i, g in ipairs(chosen) do
        if is_full() or i > SEGMENTS_AT_ONCE then
            go_on('s', g.number, 0)
            return
        elseif not append_segment(g, g.number == NUMBER and POSITION or 0) then
            return
        end
    end
    if further then
        go_on('s', text(further), 0)
    elseif TARGET == '' and call('ZCARD', K_PARKED) > 0 then
        go_on('p', '0', 0)
    end
end

local function append_parked()
    local found = call('ZRANGEBYSCORE', K_PARKING, NUMBER, '+inf', 'WITHSCORES', 'LIMIT', 0, LIMIT + 1)
    for i = 1, #found, 2 do
        if is_full() then
            go_on('p', found[i + 1], 0)
            return
        end
        local due = from_ms(call('ZSCORE', K_PARKED, found[i]))
        append(found[i], 'p', '', '0', '0', due == math.huge and 'never' or text(due - now))
    end
end

if TARGET ~= '' and not slot_at(TARGET, bases[TARGET]) then
    return {'refused gone 0'}
end
if PHASE == 'p' then
    append_parked()
    append_fails()
    return page
end
local chosen, owners = choose()
if not chosen then
    return {'again', unpack(owners)}
end
append_segments(chosen)
append_fails()
return page
