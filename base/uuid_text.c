#include "base/uuid_text.h"

static const char digits[] = "0123456789abcdef";

static bool dash_before(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void uuid_to_text(const allot_uuid *u, char ret_text[ALLOT_UUID_TEXT_BYTES])
{
    char *p = ret_text;
    for (size_t i = 0; i < sizeof(u->bytes); i++) {
        if (dash_before(i))
            *p++ = '-';
        *p++ = digits[u->bytes[i] >> 4];
        *p++ = digits[u->bytes[i] & 15];
    }
    *p = '\0';
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool uuid_from_text(const char *text, size_t len, allot_uuid *ret_uuid)
{
    allot_uuid u;
    size_t at = 0;
    if (len != ALLOT_UUID_TEXT_BYTES - 1)
        return false;
    for (size_t i = 0; i < sizeof(u.bytes); i++) {
        if (dash_before(i) && text[at++] != '-')
            return false;
        int high = digit_value(text[at++]);
        int low = digit_value(text[at++]);
        if (high < 0 || low < 0)
            return false;
        u.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *ret_uuid = u;
    return true;
}
