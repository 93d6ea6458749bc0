#include "cli/random_ids.h"

#include "cli/exits.h"

#include <stdlib.h>

int random_ids_make(size_t count, random_ids *ret_ids)
{
    random_ids r = {
        .texts = calloc(count + 1, sizeof(*r.texts)), .ids = calloc(count + 1, sizeof(*r.ids)), .count = count};
    if (r.texts == NULL || r.ids == NULL) {
        random_ids_done(&r);
        return fail(CODE_FAILED, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        allot_uuid uuid;
        allot_uuid_random(&uuid);
        allot_uuid_text(&uuid, r.texts[i]);
        r.ids[i].id = (allot_bytes){r.texts[i], ALLOT_UUID_TEXT_BYTES - 1};
    }
    *ret_ids = r;
    return CODE_OK;
}

void random_ids_done(random_ids *r)
{
    free(r->texts);
    free(r->ids);
    *r = (random_ids){0};
}
