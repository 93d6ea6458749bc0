#include "backends/file/record_kinds.h"

#include <assert.h>
#include <string.h>

/* Names are part of the journal's format. */
static const struct {
    const char *name;
    file_fields fields;
} kinds[ALLOT_OP_KIND_END] = {
    [ALLOT_OP_JOIN] = {"join", FILE_FIELDS_JOIN},
    [ALLOT_OP_BEAT] = {"beat", FILE_FIELDS_BEAT},
    [ALLOT_OP_LEAVE] = {"leave", FILE_FIELDS_NONE},
    [ALLOT_OP_CAMPAIGN] = {"campaign", FILE_FIELDS_NONE},
    [ALLOT_OP_RESIGN] = {"resign", FILE_FIELDS_NONE},
    [ALLOT_OP_ADD] = {"add", FILE_FIELDS_ADD},
    [ALLOT_OP_ASSIGN] = {"assign", FILE_FIELDS_ASSIGN},
    [ALLOT_OP_DEAL] = {"deal", FILE_FIELDS_DEAL},
    [ALLOT_OP_RECALL] = {"recall", FILE_FIELDS_RECALL},
    [ALLOT_OP_RETIRE] = {"retire", FILE_FIELDS_TARGET},
    [ALLOT_OP_REAP] = {"reap", FILE_FIELDS_TARGET},
    [ALLOT_OP_PUBLISH] = {"publish", FILE_FIELDS_PUBLISH},
    [ALLOT_OP_RELEASE] = {"release", FILE_FIELDS_ITEMS},
    [ALLOT_OP_ACK] = {"ack", FILE_FIELDS_ITEMS},
    [ALLOT_OP_FAIL] = {"fail", FILE_FIELDS_ITEMS},
    [ALLOT_OP_UNPARK] = {"unpark", FILE_FIELDS_UNPARK},
    [ALLOT_OP_CLEAN] = {"clean", FILE_FIELDS_NONE},
    [ALLOT_OP_READ_VIEW] = {"read-view", FILE_FIELDS_NONE},
    [ALLOT_OP_READ_ROSTER] = {"read-roster", FILE_FIELDS_READ},
    [ALLOT_OP_READ_INBOX] = {"read-inbox", FILE_FIELDS_READ},
    [ALLOT_OP_READ_SHARE] = {"read-share", FILE_FIELDS_READ},
    [ALLOT_OP_READ_SEGMENTS] = {"read-segments", FILE_FIELDS_READ},
    [ALLOT_OP_READ_POOL] = {"read-pool", FILE_FIELDS_READ},
};

const char *file_kind_name(allot_op_kind kind)
{
    assert(kind > 0 && kind < ALLOT_OP_KIND_END);
    return kinds[kind].name;
}

file_fields file_fields_of(allot_op_kind kind)
{
    assert(kind > 0 && kind < ALLOT_OP_KIND_END);
    return kinds[kind].fields;
}

bool file_kind_of(allot_bytes name, allot_op_kind *ret_kind)
{
    for (int i = 1; i < ALLOT_OP_KIND_END; i++) {
        if (strlen(kinds[i].name) == name.len && memcmp(kinds[i].name, name.data, name.len) == 0) {
            *ret_kind = (allot_op_kind)i;
            return true;
        }
    }
    return false;
}
