-- base: the names of the keys, the moment of the transition, the state of the group, and whom to tell of a change.
--
-- KEYS[1..16] are the group's own; behind them lie four keys for each slot that the op is about: slot:U, slot:U:ids,
-- slot:U:recalls, session:U. Instants are microseconds here; scores are milliseconds with three decimals, for people.
local call = redis.call
local K_STATE, K_DB, K_SEG, K_DONE, K_LIVE, K_SEGMENTS, K_INBOX, K_SLOTS, K_AGES, K_TTLS, K_LOCK, K_PARKED, K_PARKING,
    K_FAILS, K_SESSIONS, K_OUTCOMES = unpack(KEYS, 1, 16)
local FIRST_SLOT_KEY, KEYS_PER_SLOT = 17, 4
local ZSETS = {[6] = true, [7] = true, [8] = true, [9] = true, [12] = true, [13] = true, [15] = true} -- of KEYS
local FORMAT = 1
local PREFIX = string.sub(K_STATE, 1, -6)
local FROM = ARGV[1] -- the handle that speaks, so that it can tell its own hints

local now = call('TIME')
now = now[1] * 1000000 + now[2]
local FLOOR_MOST = 4503599627370496 -- 2^52

-- tostring() would round what has more than 14 digits. Small numbers are most of them, and %d takes a third of the time;
-- it may have 32 bits.
local function text(number)
    return string.format(number < 2147483648 and number > -2147483648 and '%d' or '%.0f', number)
end

local function to_ms(us)
    return string.format('%.3f', us / 1000)
end

local function from_ms(ms)
    return math.floor(tonumber(ms) * 1000 + 0.5)
end

-- ---- keys of somebody else's under our names

-- `failed`: what a command failed with, when it did: a table from redis.pcall(), a text from pcall().
local function is_of_others(failed)
    local why = type(failed) == 'table' and failed.err or failed
    return type(why) == 'string' and string.sub(why, 1, 9) == 'WRONGTYPE'
end

-- As an error that says that nothing was changed. (What fails within a script otherwise has the script in its text, and
-- may have been applied in part.)
local function of_others(key)
    return redis.error_reply('WRONGTYPE ' .. key .. ' is not this group\'s own')
end

-- ---- state: one hash, read whole, written where it changed

local st, st_changed = {}, {}
local st_numbers = {} -- what of it was looked at as a number, or is one now
do
    local flat = redis.pcall('HGETALL', K_STATE)
    if flat.err then
        return is_of_others(flat) and of_others(K_STATE) or flat
    end
    for i = 1, #flat, 2 do
        st[flat[i]] = flat[i + 1]
    end
end
if st.format and tonumber(st.format) > FORMAT then
    return redis.error_reply('FORMAT ' .. st.format)
end

local function num(name)
    local number = st_numbers[name]
    if not number then
        number = tonumber(st[name] or 0)
        st_numbers[name] = number
    end
    return number
end

local function numtext(name)
    return text(num(name))
end

local function put(name, number)
    if num(name) ~= number then
        st_numbers[name] = number
        st_changed[name] = true
    end
end

local function put_text(name, value)
    st[name] = value
    st_changed[name] = true
end

local function increase(name, by)
    local number = num(name) + by
    put(name, number)
    return number
end

-- Rule 2, of a term or token.
local function put_next(name)
    put(name, math.max(num(name) + 1, math.min(now, FLOOR_MOST)))
end

-- The server keeps a small hash as a list (a listpack), in which every field is looked for from the start: many that are
-- looked for or written at once take long. One value longer than such a list may have (64 bytes) makes it a table for
-- good. Nothing else is changed; who calls this has made sure that it is a hash.
local MANY_FIELDS, LISTED_FIELDS, LONG_VALUE = 32, 512, string.rep(' ', 128)
local function as_table(key)
    if call('HLEN', key) <= LISTED_FIELDS then
        call('HSET', key, '', LONG_VALUE)
        call('HDEL', key, '')
    end
end

-- A command of any number of arguments: unpack() takes a few thousand at most.
local function batched(command, key, args)
    if command == 'HSET' and #args > 2 * MANY_FIELDS then
        as_table(key)
    end
    for i = 1, #args, 1000 do
        call(command, key, unpack(args, i, math.min(i + 999, #args)))
    end
end

-- ---- hints

local hints = {} -- channel, message, channel, message ...
local hinted = {}

local function hint(channel, message)
    if hinted[channel .. message] then
        return
    end
    hinted[channel .. message] = true
    hints[#hints + 1] = PREFIX .. channel
    hints[#hints + 1] = message
end

local function hint_group()
    hint('events', 'group ' .. FROM)
end

-- To the leader. With `always`, also when the leader's own handle speaks.
local work_from
local function hint_work(always)
    work_from = always and 'work' or work_from or 'work ' .. FROM
end

local function tell_hints()
    local holder = work_from and call('HGET', K_LOCK, 'holder')
    if holder then
        hint('events:' .. holder, work_from)
    end
    for i = 1, #hints, 2 do
        call('PUBLISH', hints[i], hints[i + 1])
    end
end

local function write_state()
    local args = {}
    for name in pairs(st_changed) do
        args[#args + 1] = name
        args[#args + 1] = st_numbers[name] and text(st_numbers[name]) or st[name]
    end
    if #args > 0 then
        call('HSET', K_STATE, unpack(args))
    end
end
