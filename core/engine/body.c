#include "core/engine/body.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static size_t text_bytes(const allot_segment_body *source)
{
    size_t sum = 0;
    for (uint32_t i = 0; i < source->count; i++)
        sum += (size_t)source->ids[i].id.len + source->ids[i].payload.len;
    return sum;
}

static allot_bytes copy_bytes(char **at, allot_bytes from)
{
    allot_bytes to = {.data = *at, .len = from.len};
    if (from.len > 0)
        memcpy(*at, from.data, from.len);
    *at += from.len;
    return to;
}

body *body_new(const allot_segment_body *source)
{
    assert(source->count > 0 && source->count <= ALLOT_SEGMENT_IDS_MAX);
    body *b = malloc(sizeof(*b) + source->count * sizeof(b->ids[0]) + text_bytes(source));
    if (b == NULL)
        return NULL;
    b->refs = 1;
    b->count = source->count;
    b->segment = source->segment;
    b->token = source->token;
    char *at = (char *)&b->ids[source->count];
    for (uint32_t i = 0; i < source->count; i++) {
        b->ids[i].id = copy_bytes(&at, source->ids[i].id);
        b->ids[i].payload = copy_bytes(&at, source->ids[i].payload);
    }
    return b;
}

body *body_ref(body *b)
{
    assert(b->refs > 0);
    b->refs++;
    return b;
}

void body_unref(body *b)
{
    if (b == NULL)
        return;
    assert(b->refs > 0);
    if (--b->refs == 0)
        free(b);
}
