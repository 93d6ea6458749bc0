#!lua
-- with: base slots change bits segments
-- Grants segments out of the inbox. ARGV[7..]: how many slots, their UUIDs, how many grants; each grant: which slot
-- (from 0), how many parts, then segment, position (-1: all), take of each. The slots' keys lie behind the speaker's.
local IDS_MAX = 1024
local targets = {}
local grants = {}

local function read_grants()
    local count = tonumber(ARGV[7])
    for i = 1, count do
        targets[i] = {uuid = ARGV[7 + i], base = FIRST_SLOT_KEY + KEYS_PER_SLOT * i}
    end
    local at, numbers = 9 + count, {}
    for i = 1, tonumber(ARGV[8 + count]) do
        local grant = {to = targets[tonumber(ARGV[at]) + 1]}
        local parts = tonumber(ARGV[at + 1])
        at = at + 2
        for j = 1, parts do
            grant[j] = {number = ARGV[at], position = tonumber(ARGV[at + 1]), take = tonumber(ARGV[at + 2])}
            numbers[#numbers + 1] = ARGV[at]
            at = at + 3
        end
        grant.by_number = parts == 1 and grant[1].position < 0 and grant[1].take == 0
        grants[i] = grant
    end
    seg_load(numbers)
end

-- How many ids the part names as things are; what is not in the inbox counts as one, so that it shows as skipped.
local function named_ids(part)
    if part.position >= 0 then
        return 1
    elseif part.take ~= 0 then
        return part.take
    end
    local g = seg_in(part.number, nil)
    return g and g.live or 1
end

-- Whether each grant is sure to fit one segment: an op is done whole or not at all.
local function grants_fit()
    for _, grant in ipairs(grants) do
        local at_most = 0
        for _, part in ipairs(grant) do
            local g = not grant.by_number and seg_in(part.number, nil)
            at_most = at_most + (g and math.min(named_ids(part), g.live) or 0)
        end
        if at_most > IDS_MAX then
            return false
        end
    end
    return true
end

local function gather_part(gather, part)
    local g = seg_in(part.number, nil)
    if not g then
        return
    end
    if part.position >= 0 then
        if seg_has(g, part.position) then
            gather_take(gather, g, part.position)
        end
        return
    end
    local wanted = part.take == 0 and g.live or part.take
    for position = 0, g.count - 1 do
        if wanted == 0 then
            break
        elseif seg_has(g, position) then
            gather_take(gather, g, position)
            wanted = wanted - 1
        end
    end
end

-- The segment that the grant is made of, lifted out of the inbox; nil when nothing is left to grant.
local function segment_of(grant)
    if grant.by_number then
        local g = seg_in(grant[1].number, nil)
        if g then
            seg_lift(g)
        end
        return g
    end
    local gather = gather_new()
    for _, part in ipairs(grant) do
        gather_part(gather, part)
    end
    return #gather.ids > 0 and gather_write(gather) or nil
end

local function act()
    read_grants()
    if not grants_fit() then
        return refuse('limit')
    end
    local count, skipped, touched = 0, 0, {}
    for _, grant in ipairs(grants) do
        local named = 0
        for _, part in ipairs(grant) do
            named = named + named_ids(part)
        end
        local to = slot_at(grant.to.uuid, grant.to.base)
        local g = to and is_live(to) and to.draining == '0' and segment_of(grant)
        if g then
            seg_to_share(g, to, next_token())
            count = count + g.live
            named = named - g.live
            share_changed(to)
        end
        skipped = skipped + named
    end
    return ok(count, skipped)
end

return {change({gate = by_leader, act = act})}
