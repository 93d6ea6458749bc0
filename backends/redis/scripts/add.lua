#!lua
-- with: base slots change life bits segments
-- Ids that are not in the pool form a new segment at the end of the inbox. ARGV[7..]: fresh life, how many, then id and
-- payload of each.
local POOL_MAX = 10000000
local FRESH, COUNT, FIRST = ARGV[7], tonumber(ARGV[8]), 9

-- How many of them are new: looked at before anything is written, when the pool is nearly full.
local function fresh_count()
    local known, count = {}, 0
    for at = FIRST, FIRST + 2 * COUNT - 2, 2 do
        if not known[ARGV[at]] and call('HEXISTS', K_DB, ARGV[at]) == 0 then
            count = count + 1
        end
        known[ARGV[at]] = true
    end
    return count
end

local function act()
    -- Whole or nothing: see shared/change.lua.
    call('HLEN', K_SEG)
    call('HLEN', K_LIVE)
    call('HLEN', K_LOCK)
    call('ZCARD', K_SEGMENTS)
    call('ZCARD', K_INBOX)
    local reason = not st.life and begin_life(FRESH)
    if reason then
        return refuse(reason)
    end
    local size = call('HLEN', K_DB)
    if size + COUNT > POOL_MAX and size + fresh_count() > POOL_MAX then
        return refuse('limit')
    end
    local ids, payloads = {}, 'n'
    for at = FIRST, FIRST + 2 * COUNT - 2, 2 do
        if call('HSETNX', K_DB, ARGV[at], ARGV[at + 1]) == 1 then
            ids[#ids + 1] = ARGV[at]
            if ARGV[at + 1] ~= '' then
                payloads = 'p'
            end
        end
    end
    if #ids > 0 then
        seg_to_inbox(seg_new(ids, payloads))
        increase('inbox_rev', 1)
        hint_work(true)
    end
    return ok(#ids, COUNT - #ids)
end

return change({act = act})
