#!lua flags=no-writes
-- with: base slots
-- Slots in the order of their ages. ARGV[2..]: after which age, how many, only what can be reaped, then the UUIDs of
-- the slots whose keys lie behind the group's. Others that are needed are asked for: {'again', UUID ...}.
local CURSOR, LIMIT, REAPABLE_ONLY, FIRST_UUID = ARGV[2], tonumber(ARGV[3]), ARGV[4] == '1', 5
local AT_ONCE = 1024

local function is_reapable(uuid)
    return from_ms(call('ZSCORE', K_SLOTS, uuid) or 0) <= now
end

-- UUIDs and ages of the page; one more than wanted, when there is one.
local function choose()
    local uuids, ages, after = {}, {}, CURSOR
    if REAPABLE_ONLY and call('ZCOUNT', K_SLOTS, '-inf', to_ms(now)) == 0 then
        return uuids, ages
    end
    while #uuids <= LIMIT do
        local found = call('ZRANGEBYSCORE', K_AGES, '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0,
            REAPABLE_ONLY and AT_ONCE or LIMIT + 1)
        for i = 1, #found, 2 do
            if #uuids <= LIMIT and (not REAPABLE_ONLY or is_reapable(found[i])) then
                uuids[#uuids + 1], ages[#ages + 1] = found[i], found[i + 1]
            end
        end
        if #found < 2 * AT_ONCE or not REAPABLE_ONLY then
            break
        end
        after = found[#found]
    end
    return uuids, ages
end

local bases = {}
for i = FIRST_UUID, #ARGV do
    bases[ARGV[i]] = FIRST_SLOT_KEY + KEYS_PER_SLOT * (i - FIRST_UUID)
end

local uuids, ages = choose()
local next_cursor = '0'
if #uuids > LIMIT then
    uuids[#uuids], ages[#ages] = nil, nil
    next_cursor = ages[#ages]
end
for _, uuid in ipairs(uuids) do
    if not bases[uuid] then
        return {'again', unpack(uuids)}
    end
end
local page = {'ok', numtext('inbox_rev'), next_cursor}
local function append(...)
    for i = 1, select('#', ...) do
        page[#page + 1] = select(i, ...)
    end
end
for i, uuid in ipairs(uuids) do
    local s = slot_at(uuid, bases[uuid])
    local v = call('HMGET', s.key, 'name', 'host', 'container', 'pid', 'weight')
    append(uuid, v[1], v[2], v[3], v[4], text(s.ttl), text(s.expires == 0 and 0 or rest_of(s)), ages[i],
        text(call('ZRANK', K_AGES, uuid) + 1), text(s.ids), text(s.recalls), text(seen_share_rev(s)), text(s.segments),
        v[5], s.state, s.draining)
end
return page
