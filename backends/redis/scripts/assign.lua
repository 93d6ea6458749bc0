#!lua
-- with: base slots change bits segments
-- Grants segments out of the inbox. ARGV[7..]: how many slots, their UUIDs, how many grants; each grant: which slot
-- (from 0), how many parts, then segment, position (-1: all), take of each. The slots' keys lie behind the speaker's.
local IDS_MAX = 1024
local SLOTS = tonumber(ARGV[7])
local GRANTS, FIRST_GRANT = tonumber(ARGV[8 + SLOTS]), 9 + SLOTS

-- Calls visit(at, slot, parts) for each grant, whose first part begins at ARGV[at]. Grants are read where they stand:
-- there may be hundreds.
local function each_grant(visit)
    local at = FIRST_GRANT
    for _ = 1, GRANTS do
        local parts = tonumber(ARGV[at + 1])
        visit(at + 2, tonumber(ARGV[at]), parts)
        at = at + 2 + 3 * parts
    end
end

local function is_by_number(at, parts)
    return parts == 1 and ARGV[at + 1] == '-1' and ARGV[at + 2] == '0'
end

-- How many ids the part names as things are; what is not in the inbox counts as one, so that it shows as skipped.
local function named_ids(at)
    if ARGV[at + 1] ~= '-1' then
        return 1
    elseif ARGV[at + 2] ~= '0' then
        return tonumber(ARGV[at + 2])
    end
    local g = seg_in(ARGV[at], nil)
    return g and g.live or 1
end

local function load_segments()
    local numbers = {}
    each_grant(function(at, _, parts)
        for i = at, at + 3 * parts - 3, 3 do
            numbers[#numbers + 1] = ARGV[i]
        end
    end)
    seg_load(numbers)
    done_load(numbers)
end

-- Whether each grant is sure to fit one segment: an op is done whole or not at all.
local function grants_fit()
    local fit = true
    each_grant(function(at, _, parts)
        local at_most = 0
        for i = at, is_by_number(at, parts) and at - 1 or at + 3 * parts - 3, 3 do
            local g = seg_in(ARGV[i], nil)
            at_most = at_most + (g and math.min(named_ids(i), g.live) or 0)
        end
        fit = fit and at_most <= IDS_MAX
    end)
    return fit
end

local function gather_part(gather, at)
    local g = seg_in(ARGV[at], nil)
    local first, take = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    if not g then
        return
    elseif first >= 0 then
        if seg_has(g, first) then
            gather_take(gather, g, first)
        end
        return
    end
    local wanted = math.min(take == 0 and g.live or take, g.live)
    local position = g.taken or 0 -- no id is left before it
    while wanted > 0 do
        if seg_has(g, position) then
            gather_take(gather, g, position)
            wanted = wanted - 1
        end
        position = position + 1
    end
    g.taken = position
end

-- The segment that the grant is made of, lifted out of the inbox; nil when nothing is left to grant.
local function segment_of(at, parts)
    if is_by_number(at, parts) then
        local g = seg_in(ARGV[at], nil)
        if g then
            seg_lift(g)
        end
        return g
    end
    local gather = gather_new()
    for i = at, at + 3 * parts - 3, 3 do
        gather_part(gather, i)
    end
    return #gather.ids > 0 and gather_write(gather) or nil
end

local function act()
    -- Whole or nothing: see shared/change.lua.
    call('HLEN', K_DONE)
    call('ZCARD', K_SEGMENTS)
    call('ZCARD', K_INBOX)
    for slot = 1, SLOTS do
        local base = FIRST_SLOT_KEY + KEYS_PER_SLOT * slot
        local to = slot_at(ARGV[7 + slot], base)
        call('HLEN', KEYS[base + 1])
        if to and to.swept then
            call('HLEN', KEYS[base + 2])
        end
    end
    load_segments()
    if not grants_fit() then
        return refuse('limit')
    end
    local count, skipped = 0, 0
    each_grant(function(at, slot, parts)
        for i = at, at + 3 * parts - 3, 3 do
            skipped = skipped + named_ids(i)
        end
        local to = slot_at(ARGV[8 + slot], FIRST_SLOT_KEY + KEYS_PER_SLOT * (slot + 1))
        local g = to and is_live(to) and to.draining == '0' and segment_of(at, parts)
        if g then
            seg_to_share(g, to, next_token())
            count = count + g.live
            skipped = skipped - g.live
            share_changed(to)
        end
    end)
    return ok(count, skipped)
end

return change({gate = by_leader, act = act})
