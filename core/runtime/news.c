#include "core/runtime/news.h"
#include "base/text.h"
#include "core/runtime/fail.h"

static int check_one(const allot_new *n, size_t i, allot_error *ret_error)
{
    if (n->id.len > ALLOT_ID_BYTES_MAX)
        return fail(ret_error, ALLOT_E_INVALID, "ids[%zu] has %u bytes; an id has 1 to %u", i, n->id.len,
                    ALLOT_ID_BYTES_MAX);
    if (!id_is_valid(n->id))
        return fail(ret_error, ALLOT_E_INVALID,
                    "ids[%zu] is not an id: 1 to %u bytes of UTF-8 without control characters", i, ALLOT_ID_BYTES_MAX);
    if (n->payload.len > ALLOT_PAYLOAD_BYTES_MAX)
        return fail(ret_error, ALLOT_E_LIMIT, "the payload of ids[%zu], %.*s, has %u bytes; it may have %u", i,
                    (int)n->id.len, n->id.data, n->payload.len, ALLOT_PAYLOAD_BYTES_MAX);
    if (n->payload.len > 0 && n->payload.data == NULL)
        return fail(ret_error, ALLOT_E_INVALID, "the payload of ids[%zu], %.*s, is NULL", i, (int)n->id.len,
                    n->id.data);
    return ALLOT_OK;
}

int news_check(const allot_new *ids, size_t count, allot_error *ret_error)
{
    if (count > 0 && ids == NULL)
        return fail(ret_error, ALLOT_E_INVALID, "ids is NULL, count is %zu", count);
    for (size_t i = 0; i < count; i++) {
        int code = check_one(&ids[i], i, ret_error);
        if (code != ALLOT_OK)
            return code;
    }
    return ALLOT_OK;
}
