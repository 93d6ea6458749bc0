#include "backends/file/handle.h"
#include "base/uuid_text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void file_batch_clear(allot_backend *b)
{
    file_batch *batch = &b->batch;
    batch->count = batch->control = 0;
    batch->ends_with_read = batch->needs_sync = batch->full = false;
    batch->lines.len = batch->texts.len = 0;
    batch->chain = b->state.journal.chain;
    batch->group = batch->leaderless = batch->work = batch->joined = batch->left = false;
    batch->share_count = 0;
    batch->reaped = (allot_uuid){0};
}

void file_batch_done(file_batch *batch)
{
    bytes_done(&batch->lines);
    bytes_done(&batch->texts);
    free(batch->shares);
    batch->shares = NULL;
    batch->share_count = batch->share_capacity = 0;
}

static store_moment moment_now(const allot_backend *b)
{
    int64_t real_us = b->clock.real_us(b->clock.user);
    return (store_moment){.clock_us = file_now_us(b), .floor = real_us < 0 ? 0 : (uint64_t)real_us};
}

static int out_of_memory(allot_error *ret_error)
{
    return file_error(ret_error, ALLOT_E_NOMEM, "out of memory");
}

/* ---- what a change leaves behind -------------------------------------------------------------------------------- */

static int keep_record(allot_backend *b, const file_record *record)
{
    size_t start;
    if (b->read_only) {
        b->state.astray = true; /* time has moved something in this copy alone */
        return 0;
    }
    if (file_line_begin(&b->batch.lines, &start) != 0 || file_record_encode(record, &b->batch.lines) != 0 ||
        file_line_seal(&b->batch.lines, start, &b->batch.chain) != 0)
        return ALLOT_E_NOMEM;
    return 0;
}

static int keep_effects(allot_backend *b, const store_effects *effects)
{
    file_batch *batch = &b->batch;
    batch->group = batch->group || effects->group;
    batch->leaderless = batch->leaderless || effects->leaderless;
    batch->work = batch->work || effects->work;
    size_t need = batch->share_count + effects->share_count;
    if (array_reserve((void **)&batch->shares, &batch->share_capacity, need, sizeof(*batch->shares)) != 0)
        return ALLOT_E_NOMEM;
    for (size_t i = 0; i < effects->share_count; i++)
        batch->shares[batch->share_count++] = effects->shares[i];
    return 0;
}

static int prove_dead(allot_backend *b, const allot_uuid *slot)
{
    store_effects effects;
    file_record record = {.kind = FILE_RECORD_DEAD, .moment = moment_now(b), .uuid = *slot};
    if (store_prove_dead(b->state.store, slot, &effects) != 0)
        return ALLOT_E_NOMEM;
    if (!effects.changed)
        return 0;
    return keep_record(b, &record) != 0 || keep_effects(b, &effects) != 0 ? ALLOT_E_NOMEM : 0;
}

/* The machine was started anew: no process of before lives, and instants of before mean nothing. */
static int bury_all(allot_backend *b)
{
    file_record record = {.kind = FILE_RECORD_BOOT, .moment = moment_now(b), .uuid = b->state.own_boot};
    if (file_state_bury_all(&b->state) != 0 || keep_record(b, &record) != 0)
        return ALLOT_E_NOMEM;
    b->state.boot = b->state.own_boot;
    b->batch.group = b->batch.leaderless = b->batch.work = true;
    return 0;
}

int file_batch_bury(allot_backend *b, allot_error *ret_error)
{
    allot_uuid slot;
    if (!uuid_equal(&b->state.boot, &b->state.own_boot) && bury_all(b) != 0)
        return out_of_memory(ret_error);
    while (!b->read_only && file_death_next(&b->death, &b->place, b->state.store, &slot))
        if (prove_dead(b, &slot) != 0)
            return out_of_memory(ret_error);
    return 0;
}

/* ---- one op ----------------------------------------------------------------------------------------------------- */

static file_result *add_result(allot_backend *b, const allot_op *op, bool control)
{
    assert(b->batch.count < FILE_BATCH_MAX);
    file_result *result = &b->batch.results[b->batch.count++];
    *result = (file_result){.op = op};
    if (control)
        b->batch.control = b->batch.count;
    return result;
}

static bool is_read(allot_op_kind kind)
{
    return kind >= ALLOT_OP_READ_VIEW && kind < ALLOT_OP_KIND_END;
}

/* A view is kept as a copy, the strategy's name with it. */
static int keep_view(allot_backend *b, file_result *result, const allot_view *view)
{
    if (view == NULL)
        return 0;
    result->has_view = true;
    result->view = *view;
    result->strategy_at = b->batch.texts.len;
    return bytes_append(&b->batch.texts, view->strategy.data, view->strategy.len) == 0 ? 0 : ALLOT_E_NOMEM;
}

/* Ops whose loss in a power failure somebody outside would notice. */
static bool concerns_pool(allot_op_kind kind)
{
    return kind == ALLOT_OP_ADD || kind == ALLOT_OP_ACK || kind == ALLOT_OP_FAIL || kind == ALLOT_OP_CLEAN ||
           kind == ALLOT_OP_UNPARK;
}

/* Also an op that comes again and gets its first answer has to be on disk before it is confirmed (DESIGN §5). */
static bool needs_sync(const allot_backend *b, const allot_op *op, allot_op_status status)
{
    if (status != ALLOT_STATUS_OK || is_read(op->kind) || b->fsync == FILE_FSYNC_NEVER)
        return false;
    return b->fsync == FILE_FSYNC_ALWAYS || concerns_pool(op->kind);
}

/* What has to be settled in slots/ once the record is written; nothing more is then done in this batch. */
static void plan_files(allot_backend *b, const allot_op *op, const allot_answer *answer, bool changed)
{
    file_batch *batch = &b->batch;
    bool ok = answer->outcome.status == ALLOT_STATUS_OK;
    if (op->kind == ALLOT_OP_JOIN) {
        batch->joined = ok && changed; /* a join that comes again, from elsewhere, takes nothing over */
        batch->full = true;
    } else if (op->kind == ALLOT_OP_LEAVE && ok && uuid_equal(&op->slot, &b->death.own)) {
        batch->left = true;
        batch->full = true;
    } else if (op->kind == ALLOT_OP_REAP && ok && changed && answer->outcome.more == 0) {
        batch->reaped = op->u.target.target;
        batch->full = true;
    }
}

/* Before a transition that depends on whether a slot is alive: the one that would be in the way. */
static int prove_before(allot_backend *b, const allot_op *op)
{
    allot_uuid slot = {0};
    if (op->kind == ALLOT_OP_CAMPAIGN)
        slot = store_leader(b->state.store);
    else if (op->kind == ALLOT_OP_REAP)
        slot = op->u.target.target;
    if (uuid_is_zero(&slot) || uuid_equal(&slot, &b->death.own) || !store_slot_is_live(b->state.store, &slot) ||
        !file_death_is_proven(&b->place, &slot))
        return 0;
    return prove_dead(b, &slot);
}

static int apply(allot_backend *b, const allot_op *op, bool control, allot_error *ret_error)
{
    allot_answer answer;
    store_effects effects;
    file_record record = {.kind = FILE_RECORD_OP, .moment = moment_now(b), .op = op};
    file_result *result = add_result(b, op, control);
    if (prove_before(b, op) != 0 || store_apply(b->state.store, op, &record.moment, &answer, &effects) != 0)
        return out_of_memory(ret_error);
    result->outcome = answer.outcome;
    if (effects.changed && keep_record(b, &record) != 0)
        return out_of_memory(ret_error);
    if (keep_effects(b, &effects) != 0)
        return out_of_memory(ret_error);
    b->batch.needs_sync = b->batch.needs_sync || needs_sync(b, op, answer.outcome.status);
    plan_files(b, op, &answer, effects.changed);
    if (is_read(op->kind)) {
        b->batch.read = answer;
        b->batch.ends_with_read = b->batch.full = true;
        return 0;
    }
    return keep_view(b, result, answer.view) == 0 ? 0 : out_of_memory(ret_error);
}

static void refuse(allot_backend *b, const allot_op *op, bool control, allot_reason reason)
{
    file_result *result = add_result(b, op, control);
    result->outcome = (allot_outcome){.status = ALLOT_STATUS_REFUSED, .reason = reason};
}

static int do_op(allot_backend *b, const file_entry *entry, bool control, allot_error *ret_error)
{
    const allot_op *op = entry->op;
    bool known = op->kind > 0 && op->kind < ALLOT_OP_KIND_END;
    if (!known || (b->read_only && !is_read(op->kind))) {
        refuse(b, op, control, ALLOT_REFUSED_INVALID);
        return 0;
    }
    if (entry->deadline_us <= file_now_us(b)) {
        add_result(b, op, control)->outcome.status = ALLOT_STATUS_UNAVAILABLE;
        return 0;
    }
    if (op->kind == ALLOT_OP_JOIN) {
        file_claim claim = file_death_claim(&b->death, &b->place, &op->slot, ret_error);
        if (claim == FILE_CLAIM_TAKEN)
            refuse(b, op, control, ALLOT_REFUSED_EXISTS);
        if (claim == FILE_CLAIM_FAILED)
            add_result(b, op, control)->outcome.status = ALLOT_STATUS_UNAVAILABLE;
        if (claim != FILE_CLAIM_DONE)
            return 0;
    }
    return apply(b, op, control, ret_error);
}

int file_batch_fill(allot_backend *b, allot_error *ret_error)
{
    int64_t begun_us = file_now_us(b);
    file_batch *batch = &b->batch;
    while (batch->count < FILE_BATCH_MAX && !batch->full) {
        bool control = b->control.count > 0;
        file_lane *lane = control ? &b->control : &b->bulk;
        const file_entry *head = file_lane_head(lane);
        /* A long hold ends before the next op, unless that is a control op. */
        if (head == NULL || (!control && batch->count > 0 && file_now_us(b) - begun_us > FILE_HOLD_US))
            break;
        file_entry entry = *head;
        file_lane_pop(lane);
        int rc = do_op(b, &entry, control, ret_error);
        if (rc != 0)
            return rc;
    }
    if (file_now_us(b) - begun_us > FILE_HOLD_US)
        b->rest_until_us = file_now_us(b) + FILE_HOLD_US / 10;
    return 0;
}

int file_batch_commit(allot_backend *b, allot_error *ret_error)
{
    int64_t before = b->state.journal.at;
    int rc = file_journal_append(&b->state.journal, &b->place, &b->batch.lines, b->batch.chain, ret_error);
    if (rc == ALLOT_E_UNAVAILABLE)
        file_death_abandon(&b->death, &b->place);
    if (rc == ALLOT_E_UNKNOWN && b->batch.joined)
        file_death_confirm(&b->death); /* it may have joined: then it is alive */
    if (rc != 0) {
        file_state_drop(&b->state);
        return rc;
    }
    file_rewrite_consider(b, before);
    if (b->batch.joined) {
        file_death_confirm(&b->death);
        file_watch_slot(&b->watch, &b->place, &b->death.own);
    } else {
        file_death_abandon(&b->death, &b->place);
    }
    if (b->batch.left)
        file_death_leave(&b->death, &b->place);
    if (!uuid_is_zero(&b->batch.reaped))
        file_death_remove(&b->place, &b->batch.reaped);
    return 0;
}

void file_batch_fail(allot_backend *b, uint32_t first, allot_op_status status)
{
    file_batch *batch = &b->batch;
    for (uint32_t i = first; i < batch->count; i++) {
        bool read = is_read(batch->results[i].op->kind);
        batch->results[i].outcome = (allot_outcome){.status = read ? ALLOT_STATUS_UNAVAILABLE : status};
        batch->results[i].has_view = false;
    }
    batch->ends_with_read = false;
}
