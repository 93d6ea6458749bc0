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

local bit_counts = {} -- by bitmap: many are alike
local function bit_count(bits)
    local count = bit_counts[bits]
    if not count then
        local bytes = {string.byte(bits, 1, -1)}
        count = 0
        for i = 1, #bytes do
            count = count + (byte_counts[bytes[i]] or byte_count(bytes[i]))
        end
        bit_counts[bits] = count
    end
    return count
end

-- With further bits, which are clear in it: `more[n]` is added to byte n, from 1.
local function bits_with(bits, more)
    local bytes = {string.byte(bits, 1, -1)}
    for n, byte in pairs(more) do
        for i = #bytes + 1, n do
            bytes[i] = 0
        end
        bytes[n] = bytes[n] + byte
    end
    return string.char(unpack(bytes))
end
