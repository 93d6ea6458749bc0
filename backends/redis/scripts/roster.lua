#!lua flags=no-writes
-- with: base slots
-- Slots in the order of their ages, in short pages. ARGV[2..]: after which age, how many, only what can be reaped, then
-- the UUIDs of the slots whose keys lie behind the group's. Others that are needed are asked for: {'again', UUID ...}.
-- Of what can be reaped a page may be empty although others follow: no more than so many slots are looked at.
local SHOWN_AT_ONCE, LOOKED_AT_ONCE = 128, 512
local CURSOR, LIMIT, REAPABLE_ONLY = ARGV[2], math.min(tonumber(ARGV[3]), SHOWN_AT_ONCE), ARGV[4] == '1'
local FIRST_UUID = 5

local function is_reapable(uuid)
    return from_ms(call('ZSCORE', K_SLOTS, uuid) or 0) <= now
end

-- UUIDs and ages of the page, and the age to go on behind; nil at the end.
local function choose()
    local uuids, ages = {}, {}
    if REAPABLE_ONLY and call('ZCOUNT', K_SLOTS, '-inf', to_ms(now)) == 0 then
        return uuids, ages
    end
    local most = REAPABLE_ONLY and LOOKED_AT_ONCE or LIMIT
    local found = call('ZRANGEBYSCORE', K_AGES, '(' .. CURSOR, '+inf', 'WITHSCORES', 'LIMIT', 0, most + 1)
    for i = 1, math.min(#found, 2 * most), 2 do
        if not REAPABLE_ONLY or is_reapable(found[i]) then
            if #uuids == LIMIT then
                return uuids, ages, ages[#ages]
            end
            uuids[#uuids + 1], ages[#ages + 1] = found[i], found[i + 1]
        end
    end
    return uuids, ages, #found > 2 * most and found[2 * most] or nil
end

local bases = {}
for i = FIRST_UUID, #ARGV do
    bases[ARGV[i]] = FIRST_SLOT_KEY + KEYS_PER_SLOT * (i - FIRST_UUID)
end

local uuids, ages, further = choose()
for _, uuid in ipairs(uuids) do
    if not bases[uuid] then
        return {'again', unpack(uuids)}
    end
end

local page = {'ok', numtext('inbox_rev'), further or '0'}
local rank = uuids[1] and call('ZRANK', K_AGES, uuids[1])
for i, uuid in ipairs(uuids) do
    local s = slot_at(uuid, bases[uuid], 'name', 'host', 'container', 'pid', 'weight')
    local v = s.further
    local fields = {uuid, v[1], v[2], v[3], v[4], text(s.ttl), text(s.expires == 0 and 0 or rest_of(s)), ages[i],
        text((REAPABLE_ONLY and call('ZRANK', K_AGES, uuid) or rank + i - 1) + 1), text(s.ids), text(s.recalls),
        text(seen_share_rev(s)), text(s.segments), v[5], s.state, s.draining}
    for k = 1, #fields do
        page[#page + 1] = fields[k]
    end
end
return page
