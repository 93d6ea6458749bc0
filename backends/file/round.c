#include "backends/file/handle.h"
#include "base/uuid_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_WITH_OPS_US 5000   /* between tries to take the mutex */
#define PAUSE_WITHOUT_US 100000  /* when nobody waits for an answer */
#define BROKEN_US 1000000        /* a store that cannot be used is looked at so often without being asked */
#define FIRST_TRIES 250          /* of a millisecond */

/* ---- waking others ---------------------------------------------------------------------------------------------- */

static int compare_slots(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(allot_uuid));
}

static void ring_bells(allot_backend *b)
{
    file_batch *batch = &b->batch;
    allot_uuid leader = store_leader(b->state.store);
    if (batch->group || batch->leaderless)
        file_ring_group(&b->place, batch->leaderless && uuid_is_zero(&leader));
    if (batch->share_count > 1)
        qsort(batch->shares, batch->share_count, sizeof(*batch->shares), compare_slots);
    bool rung = false;
    for (size_t i = 0; i < batch->share_count; i++) {
        if (i > 0 && uuid_equal(&batch->shares[i], &batch->shares[i - 1]))
            continue;
        file_ring_slot(&b->place, &batch->shares[i]);
        rung = rung || uuid_equal(&batch->shares[i], &leader);
    }
    if (batch->work && !rung && !uuid_is_zero(&leader))
        file_ring_slot(&b->place, &leader);
}

/* ---- under the mutex -------------------------------------------------------------------------------------------- */

static int write_batch(allot_backend *b)
{
    int rc = file_batch_bury(b, &b->error);
    if (rc == 0)
        rc = file_batch_fill(b, &b->error);
    if (rc == 0)
        return file_batch_commit(b, &b->error);
    /* The copy holds changes that no journal has. */
    file_death_abandon(&b->death, &b->place);
    file_state_drop(&b->state);
    return rc;
}

/* 0, BEHIND, or why nothing, or nothing more, could be done. */
static int hold(allot_backend *b)
{
    file_batch_clear(b);
    int rc = file_state_sync(&b->state, &b->place, b->read_only, &b->error);
    if (rc == 0 && !b->read_only)
        rc = file_journal_has_room(&b->state.journal, &b->place, &b->error);
    if (rc == 0 && b->rewrite_needed) {
        rc = file_rewrite_now(b, &b->error);
        b->rewrite_needed = rc != 0;
    }
    if (rc != 0)
        return rc;
    file_batch_clear(b);
    rc = write_batch(b);
    if (rc != 0)
        return rc;
    if (!b->swept && !b->read_only)
        file_sweep(b);
    if (file_rewrite_is_ready(b))
        file_rewrite_finish(b);
    return 0;
}

/* ---- afterwards ------------------------------------------------------------------------------------------------- */

/* An fsync that failed must not be tried again: the kernel has forgotten what it could not write, and the next would
 * succeed. The state goes to a new file instead, and until then nothing is confirmed. */
static void sync_failed(allot_backend *b, uint32_t first)
{
    file_place_error(&b->place, "journal", "cannot be brought to disk", errno, ALLOT_E_UNKNOWN, &b->error);
    file_batch_fail(b, first, ALLOT_STATUS_UNKNOWN);
    file_state_drop(&b->state);
    b->rewrite_needed = true;
}

static void deliver(allot_backend *b, const allot_sink *sink)
{
    uint32_t before_sync = b->fsync == FILE_FSYNC_ALWAYS ? 0 : b->batch.control;
    file_answer_results(b, sink, 0, before_sync, b->error.message);
    if (b->batch.needs_sync && fdatasync(b->state.journal.fd) != 0)
        sync_failed(b, before_sync);
    file_answer_results(b, sink, before_sync, b->batch.count, b->error.message);
}

/* What waits is answered at once when the store cannot be used; it is not looked at again for a while. */
static bool break_off(allot_backend *b, int rc, const allot_sink *sink)
{
    bool unsure = rc == ALLOT_E_UNKNOWN;
    file_batch_fail(b, 0, unsure ? ALLOT_STATUS_UNKNOWN : ALLOT_STATUS_UNAVAILABLE);
    file_answer_results(b, sink, 0, b->batch.count, b->error.message);
    b->duties_from_us = file_now_us(b) + BROKEN_US;
    if (rc == ALLOT_E_DAMAGED || rc == ALLOT_E_FORMAT) {
        b->broken = b->error;
        b->broken_until_us = b->duties_from_us;
    }
    file_answer_waiting(b, ALLOT_STATUS_UNAVAILABLE, b->error.message, sink);
    return false;
}

static int64_t pause_max_us(const allot_backend *b)
{
    return b->control.count + b->bulk.count > 0 ? PAUSE_WITH_OPS_US : PAUSE_WITHOUT_US;
}

static void answer_while_busy(allot_backend *b, const allot_sink *sink)
{
    const file_entry *control = file_lane_head(&b->control);
    const file_entry *bulk = file_lane_head(&b->bulk);
    int64_t now_us = file_now_us(b);
    if ((control == NULL || control->deadline_us > now_us) && (bulk == NULL || bulk->deadline_us > now_us))
        return;
    file_lock_describe(&b->lock, &b->place, &b->error);
    file_answer_overdue(b, b->error.message, sink);
}

bool file_round_has_duties(const allot_backend *b)
{
    return file_rewrite_is_ready(b) || (!b->read_only && file_death_is_urgent(&b->death));
}

bool file_round_is_wanted(const allot_backend *b)
{
    return b->control.count + b->bulk.count > 0 ||
           (file_round_has_duties(b) && file_now_us(b) >= b->duties_from_us);
}

bool file_round(allot_backend *b, const allot_sink *sink)
{
    int64_t now_us = file_now_us(b);
    b->error = (allot_error){0};
    if (now_us < b->broken_until_us) {
        file_answer_waiting(b, ALLOT_STATUS_UNAVAILABLE, b->broken.message, sink);
        return false;
    }
    if (b->control.count == 0 && now_us < b->rest_until_us)
        return false;
    file_lock_result taken = FILE_LOCK_BUSY;
    if (b->lock.pause_us == 0 || now_us >= b->lock.retry_at_us)
        taken = file_lock_try(&b->lock, &b->place, b->read_only, now_us, pause_max_us(b), &b->error);
    if (taken == FILE_LOCK_BUSY) {
        answer_while_busy(b, sink);
        return false;
    }
    if (taken == FILE_LOCK_FAILED) {
        b->batch.count = 0;
        return break_off(b, ALLOT_E_UNAVAILABLE, sink);
    }
    int rc = hold(b);
    file_lock_drop(&b->lock);
    if (rc == FILE_STATE_BEHIND)
        rc = file_state_read_ahead(&b->state, &b->place, &b->error);
    else if (rc == 0)
        ring_bells(b);
    if (rc != 0)
        return break_off(b, rc, sink);
    deliver(b, sink);
    return true;
}

static void sleep_a_millisecond(void)
{
    struct timespec pause = {.tv_nsec = 1000000};
    nanosleep(&pause, NULL);
}

int file_round_first(allot_backend *b, allot_error *ret_error)
{
    int rc = FILE_STATE_BEHIND;
    for (int tries = 0; rc == FILE_STATE_BEHIND && tries < FIRST_TRIES; tries++) {
        file_lock_result taken = file_lock_try(&b->lock, &b->place, b->read_only, file_now_us(b), 1000, &b->error);
        if (taken == FILE_LOCK_BUSY) {
            sleep_a_millisecond();
            continue;
        }
        rc = taken == FILE_LOCK_FAILED ? b->error.code : hold(b);
        if (taken == FILE_LOCK_TAKEN)
            file_lock_drop(&b->lock);
        if (rc == 0)
            ring_bells(b);
        if (rc == FILE_STATE_BEHIND && (rc = file_state_read_ahead(&b->state, &b->place, &b->error)) == 0)
            rc = FILE_STATE_BEHIND;
    }
    if (rc == FILE_STATE_BEHIND)
        return 0;
    /* A store that is there and only cannot be written now is told of by the answers. */
    bool later = rc == ALLOT_E_UNAVAILABLE || rc == ALLOT_E_UNKNOWN;
    if (rc == 0 || (later && b->state.journal.fd >= 0))
        return 0;
    if (ret_error != NULL)
        *ret_error = b->error;
    if (later && ret_error != NULL)
        ret_error->code = ALLOT_E_PLACE;
    return later ? ALLOT_E_PLACE : rc;
}
