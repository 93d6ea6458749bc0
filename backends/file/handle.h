/* handle.h - one open handle of the file backend: its parts, and what its files offer one another. */
#ifndef FILE_HANDLE_H
#define FILE_HANDLE_H

#include "backends/file/death.h"
#include "backends/file/lane.h"
#include "backends/file/lock.h"
#include "backends/file/state.h"
#include "backends/file/watch.h"

#define FILE_BATCH_MAX 64u
#define FILE_HOLD_US INT64_C(10000) /* the mutex is held for about this long at most */

typedef enum file_fsync { FILE_FSYNC_POOL, FILE_FSYNC_ALWAYS, FILE_FSYNC_NEVER } file_fsync;

typedef struct file_options {
    const char *path;
    file_fsync fsync;
    bool force;
    int64_t compact_above;
    allot_uuid boot_id; /* zero: the machine's */
} file_options;

/* What came of one op of a batch. Reads alone answer with more than this, out of the store, and end their batch. */
typedef struct file_result {
    const allot_op *op;
    allot_outcome outcome;
    bool has_view;
    allot_view view;
    size_t strategy_at; /* in the batch's texts */
} file_result;

/* What is done under one hold of the mutex. */
typedef struct file_batch {
    file_result results[FILE_BATCH_MAX];
    uint32_t count;
    uint32_t control; /* the first so many are of the control lane */
    bool ends_with_read;
    allot_answer read;
    bool needs_sync;
    bool full; /* its last op takes no other behind it */
    bytes lines;    /* records to be appended */
    uint64_t chain; /* behind them */
    bytes texts;
    /* whom to wake */
    bool group, leaderless, work;
    allot_uuid *shares;
    size_t share_count, share_capacity;
    /* slots' files to be settled once the records are written */
    bool joined, left;
    allot_uuid reaped; /* zero: none */
} file_batch;

struct allot_backend {
    pid_t owner; /* in a forked child the handle is dead */
    bool read_only;
    file_fsync fsync;
    int64_t compact_above;
    allot_clock clock;
    file_place place;
    file_lock lock;
    file_state state;
    file_lane control, bulk;
    file_batch batch;
    file_watch watch;
    file_death death;
    file_image rewrite;      /* a rewrite of the journal on its way */
    uint64_t rewrite_load;   /* it is of the copy that this loading gave */
    bool rewrite_due;        /* the journal has grown enough, by a record of this handle */
    bool rewrite_needed;     /* an fsync has failed: nothing is confirmed before the state is on disk in a new file */
    bool swept;              /* leavings of the dead were removed */
    int64_t rest_until_us;   /* after a long hold, others get their turn */
    int64_t broken_until_us; /* the store is damaged; not looked at again before */
    int64_t duties_from_us;  /* after a failure: what nobody waits for is not tried before */
    bytes notes;             /* NUL-terminated messages on their way to the sink */
    allot_error error;       /* of the present round */
    allot_error broken;
};

int64_t file_now_us(const allot_backend *b);

/* ---- batch.c: ops to records, under the mutex ------------------------------------------------------------------- */

void file_batch_clear(allot_backend *b);
void file_batch_done(file_batch *batch);
/* Takes ops off the lanes, applies them, collects their records. Negative: the copy is spoilt, nothing is written. */
int file_batch_fill(allot_backend *b, allot_error *ret_error);
/* Proves the deaths that wait for it and, after a new boot, all. Negative as above. */
int file_batch_bury(allot_backend *b, allot_error *ret_error);
/* Writes the records. 0, UNAVAILABLE or UNKNOWN. */
int file_batch_commit(allot_backend *b, allot_error *ret_error);
/* Every change of the batch, from result `first` on, is answered so. */
void file_batch_fail(allot_backend *b, uint32_t first, allot_op_status status);

/* ---- answer.c: to the sink, without the mutex ------------------------------------------------------------------- */

void file_answer_results(allot_backend *b, const allot_sink *sink, uint32_t first, uint32_t end, const char *message);
void file_answer_one(const allot_op *op, allot_op_status status, const char *message, const allot_sink *sink);
/* All that waits, or, of that, what is overdue. */
void file_answer_waiting(allot_backend *b, allot_op_status status, const char *message, const allot_sink *sink);
void file_answer_overdue(allot_backend *b, const char *message, const allot_sink *sink);
void file_note(allot_backend *b, const char *message);
void file_answer_notes(allot_backend *b, const allot_sink *sink);
void file_answer_hints(allot_backend *b, const allot_sink *sink);

/* ---- round.c: take the mutex, catch up, a batch, release, answer ------------------------------------------------ */

/* True when there is something to do under the mutex. */
bool file_round_is_wanted(const allot_backend *b);
/* True when deaths are to be proven, or a rewrite waits to be put in place, which nobody waits for. */
bool file_round_has_duties(const allot_backend *b);
/* One hold of the mutex. False: nothing more can be done now. */
bool file_round(allot_backend *b, const allot_sink *sink);
/* Catches up for the first time, waiting for the mutex only briefly. 0, also when the mutex was not to be had. */
int file_round_first(allot_backend *b, allot_error *ret_error);

/* ---- rewrite.c: compaction -------------------------------------------------------------------------------------- */

/* After an append that began at `before`: whose record makes the journal cross a mark rewrites it, so that one does and
 * not all. Another mark follows, should that one die. */
void file_rewrite_consider(allot_backend *b, int64_t before);
/* Begins a rewrite that is due, or goes on with it. Without the mutex. */
void file_rewrite_step(allot_backend *b);
bool file_rewrite_is_ready(const allot_backend *b);
/* Under the mutex, with the copy up to date. */
void file_rewrite_finish(allot_backend *b);
/* Under the mutex, all at once. 0 or a negative code. */
int file_rewrite_now(allot_backend *b, allot_error *ret_error);

/* ---- sweep.c ---------------------------------------------------------------------------------------------------- */

/* Removes what dead processes have left: under the mutex, with the copy up to date. */
void file_sweep(allot_backend *b);

#endif
