/* uuid_text.h - a UUID as text and back, in lower case. */
#ifndef BASE_UUID_TEXT_H
#define BASE_UUID_TEXT_H

#include <allot/types.h>
#include <string.h>

static inline bool uuid_is_zero(const allot_uuid *u)
{
    static const allot_uuid zero;
    return memcmp(u, &zero, sizeof(zero)) == 0;
}

static inline bool uuid_equal(const allot_uuid *a, const allot_uuid *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* Writes 36 characters and a NUL. */
void uuid_to_text(const allot_uuid *u, char ret_text[ALLOT_UUID_TEXT_BYTES]);
/* False when the `len` bytes are not a UUID; *ret_uuid is then untouched. */
bool uuid_from_text(const char *text, size_t len, allot_uuid *ret_uuid);

#endif
