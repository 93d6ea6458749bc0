-- bits: bitmaps over the positions of a segment, as strings: bit i is bit i % 8 (from the lowest) of byte i / 8. What
-- lies behind the end of the string is 0.

local MASKS = {[0] = 1, 2, 4, 8, 16, 32, 64, 128}
local band, bor = bit.band, bit.bor

local function bit_test(bits, i)
    local byte = string.byte(bits, math.floor(i / 8) + 1)
    return byte ~= nil and band(byte, MASKS[i % 8]) ~= 0
end

local function with_byte(bits, at, byte)
    return string.sub(bits, 1, at) .. string.char(byte) .. string.sub(bits, at + 2)
end

local function bit_set(bits, i)
    local at = math.floor(i / 8)
    if at >= #bits then
        bits = bits .. string.rep('\0', at + 1 - #bits)
    end
    return with_byte(bits, at, bor(string.byte(bits, at + 1), MASKS[i % 8]))
end

local function bit_clear(bits, i)
    local at = math.floor(i / 8)
    local byte = string.byte(bits, at + 1)
    return byte and with_byte(bits, at, band(byte, 255 - MASKS[i % 8])) or bits
end

-- The first position whose bit is 0.
local function first_clear(bits)
    local at = string.find(bits, '[^\255]') or #bits + 1
    local i = 8 * (at - 1)
    while bit_test(bits, i) do
        i = i + 1
    end
    return i
end

local byte_counts = {}
local function byte_count(byte)
    local count = byte_counts[byte]
    if not count then
        count = 0
        for i = 0, 7 do
            count = count + (band(byte, MASKS[i]) ~= 0 and 1 or 0)
        end
        byte_counts[byte] = count
    end
    return count
end

local function bit_count(bits)
    local count = 0
    for i = 1, #bits do
        count = count + byte_count(string.byte(bits, i))
    end
    return count
end
