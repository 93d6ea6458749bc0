#include "base/text.h"

#include <string.h>

/* What the first byte of a character says: how many bytes follow, and the range of the first of these. The narrower
 * ranges keep out control characters (C2), overlong forms (E0, F0), surrogates (ED), and what lies past U+10FFFF (F4).
 */
typedef struct lead {
    uint8_t first, last;
    uint8_t follow;
    uint8_t low, high;
} lead;

static const lead leads[] = {
    {0x20, 0x7e, 0, 0, 0},       {0xc2, 0xc2, 1, 0xa0, 0xbf}, {0xc3, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf},
    {0xe1, 0xec, 2, 0x80, 0xbf}, {0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf}, {0xf0, 0xf0, 3, 0x90, 0xbf},
    {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
};

static const lead *lead_of(uint8_t byte)
{
    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
        if (byte >= leads[i].first && byte <= leads[i].last)
            return &leads[i];
    return NULL;
}

/* The bytes of the character at `p`, of which `left` are there; 0: it is none that may be written. */
static uint32_t character_bytes(const uint8_t *p, uint32_t left)
{
    const lead *l = lead_of(p[0]);
    if (l == NULL || l->follow >= left)
        return 0;
    if (l->follow > 0 && (p[1] < l->low || p[1] > l->high))
        return 0;
    for (uint32_t i = 2; i <= l->follow; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return l->follow + 1u;
}

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* How many bytes of the text's start are known to be good, eight at a time: those from 0x20 to 0x7e. Nothing is carried
 * from byte to byte, as none is over 0x7f. */
static uint32_t plain_bytes(allot_bytes text)
{
    uint32_t at = 0;
    for (; text.len - at >= 8; at += 8) {
        uint64_t eight;
        memcpy(&eight, text.data + at, sizeof(eight));
        bool any_high = (eight & EACH_BYTE(0x80)) != 0;
        bool any_low = ((eight + EACH_BYTE(0x60)) & EACH_BYTE(0x80)) != EACH_BYTE(0x80);
        bool any_7f = ((eight + EACH_BYTE(1)) & EACH_BYTE(0x80)) != 0;
        if (any_high || any_low || any_7f)
            break;
    }
    return at;
}

uint32_t text_valid_bytes(allot_bytes text)
{
    uint32_t at = plain_bytes(text);
    while (at < text.len) {
        uint32_t n = character_bytes((const uint8_t *)text.data + at, text.len - at);
        if (n == 0)
            break;
        at += n;
    }
    return at;
}

bool text_is_valid(allot_bytes text, uint32_t max_bytes)
{
    if (text.len > max_bytes || (text.len > 0 && text.data == NULL))
        return false;
    return text_valid_bytes(text) == text.len;
}

bool id_is_valid(allot_bytes id)
{
    return id.len > 0 && text_is_valid(id, ALLOT_ID_BYTES_MAX);
}

#define LOWER_AND_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"

static bool is_made_of(const char *text, size_t most, const char *allowed)
{
    size_t len = strlen(text);
    return len >= 1 && len <= most && strspn(text, allowed) == len;
}

bool text_is_group(const char *text)
{
    return text[0] != '.' &&
           is_made_of(text, ALLOT_GROUP_BYTES_MAX, "ABCDEFGHIJKLMNOPQRSTUVWXYZ" LOWER_AND_DIGITS "_-.");
}

bool text_is_module(const char *text)
{
    return is_made_of(text, TEXT_MODULE_BYTES_MAX, LOWER_AND_DIGITS "_-");
}
