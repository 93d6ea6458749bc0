#include "base/bytes.h"
#include "base/mutants.h"
#include "core/engine/internal.h"

#include <assert.h>
#include <string.h>

/* Ids of one report. Half of what an op may carry: if each lies in a segment of its own, a store that does it in one go
 * is blocked for milliseconds. */
#define REPORTED_AT_ONCE (ALLOT_OP_ITEMS_MAX / 2)

/* Segments of which one release names single ids: each makes a new segment. */
#define BROKEN_AT_ONCE 64u

/* Ops of requests under way at once: the rest of the session's window is the leader's. */
#define REQUEST_OPS_MOST 32u

static bool is_report(engine_request_kind kind)
{
    return kind == ENGINE_ACK || kind == ENGINE_FAIL || kind == ENGINE_RELEASE;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static allot_bytes copy_bytes(char **at, allot_bytes from)
{
    allot_bytes to = {.data = *at, .len = from.len};
    if (from.len > 0)
        memcpy(*at, from.data, from.len);
    *at += from.len;
    return to;
}

/* ---- Ending ------------------------------------------------------------------------------------------------------ */

static void end_request(engine *e, engine_request *r, int32_t code)
{
    engine_request **at = &e->requests;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    if (*at == NULL)
        e->requests_tail = at;
    r->next = NULL;
    for (pending *p = e->pendings; p != NULL; p = p->next)
        if (p->request == r)
            p->request = NULL;
    actions_reply(e, r, code);
}

static void end_when_answered(engine *e, engine_request *r)
{
    if (r->answered == r->count)
        end_request(e, r, r->failed ? ALLOT_E_REFUSED : ALLOT_OK);
}

/* ---- Reports: ack, fail, release --------------------------------------------------------------------------------- */

/* What lies behind a pending report: items[i] stands for `span[i]` ids of the request, from first[i] on. */
typedef struct report_op {
    uint32_t count;
    allot_item *items;
    size_t *first;
    uint32_t *span;
    char *texts;
} report_op;

static bool find_held(const engine *e, const allot_id *id, uint32_t *ret_index, uint32_t *ret_position)
{
    uint32_t index;
    if (!share_lookup(&e->share, id->id, &index, ret_position))
        return false;
    if (id->token != 0 && !MUTANT(report_without_token) && e->share.segs[index].body->token != id->token)
        return false;
    *ret_index = index;
    return true;
}

/* Whether the request's ids from `from` on begin with all that is left of the segment: then a release goes by its
 * number, and no id is read or written (DESIGN §3, segments). */
static bool begins_whole(const engine *e, const engine_request *r, size_t from, uint32_t index)
{
    const seg *sg = &e->share.segs[index];
    uint64_t seen[SEGMENT_WORDS] = {0};
    if (sg->busy_count > 0 || sg->live > r->count - from)
        return false;
    for (size_t i = from; i < from + sg->live; i++) {
        uint32_t other;
        uint32_t position;
        if (!find_held(e, &r->ids[i], &other, &position) || other != index || bits_test(seen, position))
            return false;
        bits_set(seen, position);
    }
    return true;
}

static void add_whole(engine *e, engine_request *r, report_op *op, uint32_t index)
{
    seg *sg = &e->share.segs[index];
    op->first[op->count] = r->sent;
    op->span[op->count] = sg->live;
    op->items[op->count++] =
        (allot_item){.segment = sg->body->segment, .token = sg->body->token, .position = ALLOT_ALL};
    r->sent += sg->live;
    for (uint32_t k = 0; k < sg->body->count; k++)
        if (!bits_test(sg->done, k))
            share_set_busy(&e->share, index, k);
}

static void add_one(engine *e, engine_request *r, report_op *op, uint32_t index, uint32_t position)
{
    const body *b = e->share.segs[index].body;
    op->first[op->count] = r->sent++;
    op->span[op->count] = 1;
    op->items[op->count++] = (allot_item){.segment = b->segment,
                                          .token = b->token,
                                          .position = position,
                                          .id = copy_bytes(&op->texts, b->ids[position].id)};
    share_set_busy(&e->share, index, position);
}

/* The segments of which a release names single ids. */
typedef struct broken_segments {
    uint32_t indices[BROKEN_AT_ONCE];
    uint32_t count;
} broken_segments;

/* False: that would be one too many. */
static bool break_segment(broken_segments *b, uint32_t index)
{
    for (uint32_t i = b->count; i > 0; i--)
        if (b->indices[i - 1] == index)
            return true;
    if (b->count == BROKEN_AT_ONCE)
        return false;
    b->indices[b->count++] = index;
    return true;
}

/* Takes ids of the request, from `sent` on, into the op; those that are not held are refused here and now. */
static void fill_report(engine *e, engine_request *r, report_op *op, size_t most)
{
    uint32_t tried = UINT32_MAX;
    broken_segments broken = {.count = 0};
    while (r->sent < r->count && op->count < most) {
        uint32_t index;
        uint32_t position;
        if (!find_held(e, &r->ids[r->sent], &index, &position)) {
            r->sent++;
            r->answered++;
            r->refused++;
            r->failed = true;
            continue;
        }
        bool try_whole = r->kind == ENGINE_RELEASE && index != tried;
        tried = index;
        if (try_whole && begins_whole(e, r, r->sent, index)) {
            add_whole(e, r, op, index);
            continue;
        }
        if (r->kind == ENGINE_RELEASE && !break_segment(&broken, index))
            break;
        add_one(e, r, op, index, position);
    }
}

static allot_op_kind report_op_kind(engine_request_kind kind)
{
    switch (kind) {
    case ENGINE_ACK:
        return ALLOT_OP_ACK;
    case ENGINE_FAIL:
        return ALLOT_OP_FAIL;
    default:
        return ALLOT_OP_RELEASE;
    }
}

static size_t text_bytes(const engine_request *r, size_t most)
{
    size_t size = r->reason.len;
    for (size_t i = r->sent; i < smaller(r->count, r->sent + most); i++)
        size += r->ids[i].id.len;
    return size;
}

/* The op keeps copies of all it names: the request may end before the op is answered. */
static pending *new_report(engine *e, engine_request *r, size_t most)
{
    /* Ids refused on the way make room for later ones, whose texts must fit as well: hence the longest for each. */
    size_t texts = r->count - r->sent <= most ? text_bytes(r, most) : r->reason.len + most * ALLOT_ID_BYTES_MAX;
    size_t size = sizeof(report_op) + most * (sizeof(allot_item) + sizeof(size_t) + sizeof(uint32_t)) + texts;
    pending *p = ops_new(e, report_op_kind(r->kind), size);
    if (p == NULL)
        return NULL;
    report_op *op = pending_memory(p);
    op->items = (allot_item *)(op + 1);
    op->first = (size_t *)(op->items + most);
    op->span = (uint32_t *)(op->first + most);
    op->texts = (char *)(op->span + most);
    p->request = r;
    p->op.u.items.items = op->items;
    p->op.u.items.reason = copy_bytes(&op->texts, r->reason);
    p->op.u.items.max_attempts = e->config.max_attempts;
    p->op.u.items.retry_after_us = e->config.retry_after_us;
    return p;
}

static void send_report(engine *e, engine_request *r)
{
    size_t most = smaller(REPORTED_AT_ONCE, r->count - r->sent);
    pending *p = new_report(e, r, most);
    if (p == NULL)
        return;
    report_op *op = pending_memory(p);
    fill_report(e, r, op, most);
    p->op.u.items.count = op->count;
    if (op->count > 0)
        ops_send(e, p);
    else
        ops_drop(e, p);
}

/* What the store settled is gone from the share, whatever it answered: accepted, or not this slot's any more. The
 * segment may have been granted anew meanwhile, under another token. */
static void settle_item(engine *e, const allot_item *item)
{
    uint32_t index;
    seg *sg = share_find(&e->share, item->segment, &index);
    if (sg == NULL || sg->body->token != item->token)
        return;
    if (item->position != ALLOT_ALL) {
        share_settle(&e->share, index, item->position);
        return;
    }
    assert(sg->busy_count == sg->live);
    share_remove(&e->share, index);
}

static void count_item(engine_request *r, const report_op *op, uint32_t i, bool refused)
{
    r->answered += op->span[i];
    if (refused) {
        r->refused += op->span[i];
        r->failed = true;
        return;
    }
    r->ok += op->span[i];
    for (size_t k = op->first[i]; r->accepted != NULL && k < op->first[i] + op->span[i]; k++)
        r->accepted[k] = true;
}

/* A slot that is gone took with it what its session remembered: what was sent before may have been accepted then. The
 * slot's end says so to the request (§2: UNKNOWN is neither success nor failure). */
static bool is_forgotten(const pending *p, const allot_answer *answer)
{
    return p->tries > 0 && answer->outcome.reason == ALLOT_REFUSED_GONE;
}

void requests_on_report(engine *e, pending *p, const allot_answer *answer)
{
    const report_op *op = pending_memory(p);
    engine_request *r = is_forgotten(p, answer) ? NULL : p->request;
    bool all_refused = answer->outcome.status != ALLOT_STATUS_OK;
    for (uint32_t i = 0; i < op->count; i++) {
        settle_item(e, &op->items[i]);
        if (r != NULL)
            count_item(r, op, i, all_refused || bits_test(answer->outcome.refused, i));
    }
    if (r != NULL) {
        if (all_refused)
            r->refusal = answer->outcome.reason;
        end_when_answered(e, r);
    }
    if (all_refused)
        member_refused(e, answer->outcome.reason);
}

bool requests_any_reports(const engine *e)
{
    for (const engine_request *r = e->requests; r != NULL; r = r->next)
        if (is_report(r->kind))
            return true;
    return false;
}

/* ---- Add --------------------------------------------------------------------------------------------------------- */

static void send_add(engine *e, engine_request *r)
{
    size_t count = smaller(ALLOT_OP_ITEMS_MAX, r->count - r->sent);
    const allot_new_id *news = &r->news[r->sent];
    size_t size = count * sizeof(*news);
    for (size_t i = 0; i < count; i++)
        size += (size_t)news[i].id.len + news[i].payload.len;
    pending *p = ops_new(e, ALLOT_OP_ADD, size);
    if (p == NULL)
        return;
    allot_new_id *ids = pending_memory(p);
    char *at = (char *)(ids + count);
    for (size_t i = 0; i < count; i++) {
        ids[i].id = copy_bytes(&at, news[i].id);
        ids[i].payload = copy_bytes(&at, news[i].payload);
    }
    p->request = r;
    p->first = r->sent;
    p->count = count;
    p->op.u.add = (allot_op_add){.count = (uint32_t)count, .ids = ids, .fresh_life = prng_uuid(&e->prng)};
    r->sent += count;
    ops_send(e, p);
}

void requests_on_add(engine *e, pending *p, const allot_answer *answer)
{
    engine_request *r = p->request;
    const allot_outcome *o = &answer->outcome;
    assert(r != NULL); /* an add ends with its last answer, or with the slot, whose ops are abandoned */
    if (is_forgotten(p, answer)) {
        member_refused(e, o->reason);
        return;
    }
    r->answered += p->count;
    if (o->status == ALLOT_STATUS_OK || (MUTANT(unknown_is_success) && o->status == ALLOT_STATUS_UNKNOWN)) {
        r->added += o->count;
        r->present += o->skipped;
        if (r->done == p->first)
            r->done += p->count;
    } else {
        r->failed = true;
        r->refusal = o->reason;
        r->answered += r->count - r->sent; /* nothing more is sent of it */
        r->sent = r->count;
    }
    end_when_answered(e, r);
    if (o->status == ALLOT_STATUS_REFUSED)
        member_refused(e, o->reason);
}

/* ---- Working ----------------------------------------------------------------------------------------------------- */

static void take_working(engine *e, engine_request *r)
{
    if (array_reserve((void **)&e->working, &e->working_capacity, r->count, sizeof(e->working[0])) != 0) {
        engine_fail(e);
        return;
    }
    e->working_count = 0;
    for (size_t i = 0; i < r->count; i++) {
        uint32_t index;
        uint32_t position;
        if (find_held(e, &r->ids[i], &index, &position))
            e->working[e->working_count++] =
                (allot_ref){.segment = e->share.segs[index].body->segment, .position = position};
    }
    r->ok = e->working_count;
    actions_reply(e, r, ALLOT_OK);
}

uint32_t requests_working(engine *e)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->working_count; i++) {
        allot_ref ref = e->working[i];
        const seg *sg = share_find(&e->share, ref.segment, NULL);
        if (sg != NULL && !bits_test(sg->done, ref.position) && !bits_test(sg->busy, ref.position))
            e->working[kept++] = ref;
    }
    e->working_count = kept;
    return (uint32_t)kept;
}

/* ---- Reload ------------------------------------------------------------------------------------------------------ */

static void reload(engine *e, const engine_settings *s)
{
    e->config.max_attempts = s->max_attempts;
    e->config.settle_us = s->settle_us;
    e->config.handover_timeout_us = s->handover_timeout_us;
    e->config.retry_after_us = s->retry_after_us;
    e->config.retire_on_timeout = s->retire_on_timeout;
    engine_set_strategy(e, s->strategy, s->kind);
    e->noted_len = 0;
    leader_reloaded(e, s->replan);
}

/* ---- Taking and driving ------------------------------------------------------------------------------------------ */

static void take_into_queue(engine *e, engine_request *r)
{
    if (is_report(r->kind) && e->state != MEMBER_LIVE) {
        actions_reply(e, r, ALLOT_E_FENCED);
        return;
    }
    if (r->count == 0) {
        actions_reply(e, r, ALLOT_OK);
        return;
    }
    r->next = NULL;
    *e->requests_tail = r;
    e->requests_tail = &r->next;
}

void requests_take(engine *e, engine_request *r)
{
    if (e->state >= MEMBER_LEAVING) {
        if (e->state == MEMBER_LEAVING && r->kind == ENGINE_LEAVE && e->leave_request == NULL)
            e->leave_request = r; /* answered by the leave that is under way, for example that of a drained slot */
        else
            actions_reply(e, r, ALLOT_E_CLOSED);
        return;
    }
    switch (r->kind) {
    case ENGINE_WORKING:
        if (e->state == MEMBER_LIVE)
            take_working(e, r);
        else
            actions_reply(e, r, ALLOT_E_FENCED);
        break;
    case ENGINE_DRAIN:
        member_drain(e);
        actions_reply(e, r, ALLOT_OK);
        break;
    case ENGINE_LEAVE:
        member_leave(e, r, r->why);
        break;
    case ENGINE_RELOAD:
        reload(e, r->settings);
        actions_reply(e, r, ALLOT_OK);
        break;
    default:
        take_into_queue(e, r);
        break;
    }
}

static bool request_window(const engine *e)
{
    uint32_t count = 0;
    for (const pending *p = e->pendings; p != NULL; p = p->next)
        count += p->request != NULL;
    return count < REQUEST_OPS_MOST && ops_window(e, false);
}

static void pump_one(engine *e, engine_request *r)
{
    while (!e->failed && r->sent < r->count && request_window(e)) {
        if (r->kind == ENGINE_ADD)
            send_add(e, r);
        else
            send_report(e, r);
    }
}

void requests_pump(engine *e)
{
    engine_request *next;
    for (engine_request *r = e->requests; r != NULL && !e->failed; r = next) {
        next = r->next;
        pump_one(e, r);
        end_when_answered(e, r); /* also one whose ids were all refused here */
    }
}

void requests_fence(engine *e)
{
    engine_request *next;
    for (engine_request *r = e->requests; r != NULL; r = next) {
        next = r->next;
        bool under_way = r->sent > r->answered;
        if (is_report(r->kind))
            end_request(e, r, under_way ? ALLOT_E_UNKNOWN : ALLOT_E_FENCED);
        else if (under_way)
            end_request(e, r, ALLOT_E_UNKNOWN);
    }
}

void requests_close(engine *e)
{
    while (e->requests != NULL)
        end_request(e, e->requests, e->requests->sent > e->requests->answered ? ALLOT_E_UNKNOWN : ALLOT_E_CLOSED);
}
