/* group.h - an operator's handle: no thread, no engine; each call drives the backend until it has its answer.
 *
 *   group.c          open, close, exchanging ops for answers
 *   group_reads.c    view, slots, ids
 *   group_changes.c  add, clean, unpark; sessions */
#ifndef RUNTIME_GROUP_H
#define RUNTIME_GROUP_H

#include "core/runtime/call.h"
#include "core/runtime/page.h"
#include "core/runtime/settings.h"

#include <sys/types.h>

/* Ops that are under way at once: half of what a session may have (backend.h). */
#define GROUP_OPS_MOST 32u

/* One op, and what came of it. */
typedef struct exchange {
    allot_op op;
    bool is_change;
    bool sent; /* the backend has it */
    bool done;
    bool unknown; /* one try may have been applied */
    uint32_t tries;
    int64_t again_us;
    allot_outcome outcome; /* of the last try */
    char message[256];
    int code;        /* 0, or NOMEM: the answer could not be kept */
    allot_view view; /* READ_VIEW; its strategy lies in the group */
    page page;       /* paged reads: the caller's, for page_done */
} exchange;

struct allot_group {
    pid_t pid;
    settings settings;
    allot_clock clock;
    call backend;
    bool read_only;
    bool busy;  /* within a call */
    bool found; /* the group has been seen */
    uint64_t cookie;
    exchange *exchanges; /* those under way */
    size_t exchange_count;
    char *strategy; /* of the last view */
    /* the session of changes */
    allot_uuid session;
    uint64_t sequence;
    int64_t not_after_us; /* by the store's clock */
    int64_t renew_us;     /* from then on (boot_us) begin another session */
};

/* Checks that the handle can be used; on success it is busy until group_leave. */
int group_enter(allot_group *group, allot_error *ret_error);
int group_leave(allot_group *group, int code);

/* When a call with this timeout gives up (boot_us); INT64_MAX: never. */
int64_t group_until_us(const allot_group *group, int timeout_ms);

/* Sends the ops and waits until each is done. Changes that got no answer are sent again, under the same sequence. */
int group_exchange(allot_group *group, exchange *exchanges, size_t count, int64_t until_us, allot_error *ret_error);

/* What the exchange came to, as a code; the message says it too. */
int exchange_code(const exchange *x, allot_error *ret_error);

/* The group at this moment. Errors: NOT_FOUND when `must_be`. *ret_view's strategy lies in the group. */
int group_look(allot_group *group, int64_t until_us, bool must_be, allot_view *ret_view, allot_error *ret_error);

#endif
