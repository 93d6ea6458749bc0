/* helpers.c - the small helpers of the API. */
#include "base/text.h"
#include "base/uuid_text.h"

#include <allot/allot.h>

#include <uuid/uuid.h>

void allot_uuid_text(const allot_uuid *uuid, char ret_text[ALLOT_UUID_TEXT_BYTES])
{
    uuid_to_text(uuid, ret_text);
}

int allot_uuid_parse(const char *text, allot_uuid *ret_uuid)
{
    if (text == NULL || !uuid_from_text(text, strlen(text), ret_uuid))
        return ALLOT_E_INVALID;
    return ALLOT_OK;
}

void allot_uuid_random(allot_uuid *ret_uuid)
{
    uuid_generate_random(ret_uuid->bytes);
}

bool allot_id_valid(allot_bytes id)
{
    return id_is_valid(id);
}
