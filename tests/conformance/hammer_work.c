/* hammer_work.c - what one process does: it joins, beats, campaigns, adds, splits if it leads, reports what it owns. */
#include "tests/conformance/hammer.h"

#include "base/bits.h"
#include "base/uuid_text.h"
#include "tests/lib/backend_driver.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { TTL_US = 2000000, TIMEOUT_US = 8000000, ADD_MAX = 12, REPORT_MAX = 64, BODIES = 8, SLOTS = 32, PAUSE_US = 1000 };

typedef struct worker {
    hammer_history *history;
    driver *driver;
    uint32_t process;
    uint32_t added; /* ids made up so far */
    uint64_t random;
    allot_uuid slot; /* zero: none */
    uint64_t sequence;
    uint64_t term;   /* 0: does not lead, as far as known */
    allot_view view; /* of the last beat */
} worker;

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static uint64_t draw(worker *w, uint64_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random % below;
}

static allot_uuid any_uuid(void)
{
    allot_uuid u;
    if (getrandom(&u, sizeof(u), 0) != sizeof(u))
        memset(&u, 1, sizeof(u));
    return u;
}

static void note(worker *w, hammer_record record)
{
    uint32_t count = atomic_load_explicit(&w->history->count, memory_order_relaxed);
    if (count == HAMMER_RECORDS)
        return;
    record.slot = w->slot;
    w->history->records[count] = record;
    atomic_store_explicit(&w->history->count, count + 1, memory_order_release);
}

static void broken(worker *w, const char *what, const allot_answer *a)
{
    snprintf(w->history->broken, sizeof(w->history->broken), "process %u: %s: status %d, reason %d, %s", w->process,
             what, (int)a->outcome.status, (int)a->outcome.reason, a->message != NULL ? a->message : "");
}

static bool is_broken(const worker *w)
{
    return w->history->broken[0] != '\0';
}

void hammer_id_text(uint32_t id, char ret_text[32])
{
    snprintf(ret_text, 32, "p%u-%u", id >> 16, id & 0xffff);
}

bool hammer_id_from(allot_bytes text, uint32_t *ret_id)
{
    char copy[32];
    unsigned process, count;
    if (text.len >= sizeof(copy))
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    if (sscanf(copy, "p%u-%u", &process, &count) != 2)
        return false;
    *ret_id = process << 16 | count;
    return true;
}

/* ---- Ops -------------------------------------------------------------------------------------------------------- */

static allot_op make_op(worker *w, allot_op_kind kind)
{
    allot_op op;
    memset(&op, 0, sizeof(op));
    op.kind = kind;
    op.timeout_us = TIMEOUT_US;
    if (kind >= ALLOT_OP_READ_VIEW)
        return op;
    op.slot = op.session = w->slot;
    op.sequence = kind == ALLOT_OP_BEAT ? 0 : ++w->sequence;
    if (kind >= ALLOT_OP_ASSIGN && kind <= ALLOT_OP_PUBLISH)
        op.term = w->term;
    return op;
}

/* Answers are kept until the end of a turn. A change is sent twice now and then: the outcome must be the first one. */
static const allot_answer *call(worker *w, const allot_op *op)
{
    const allot_answer *a = driver_call(w->driver, op);
    bool refused = a->outcome.status == ALLOT_STATUS_REFUSED;
    if (op->sequence == 0 || op->kind == ALLOT_OP_CAMPAIGN || draw(w, 8) != 0 || refused ||
        a->outcome.status != ALLOT_STATUS_OK)
        return a;
    const allot_answer *again = driver_call(w->driver, op);
    bool gone = again->outcome.status == ALLOT_STATUS_REFUSED && again->outcome.reason == ALLOT_REFUSED_GONE;
    if (again->outcome.status <= ALLOT_STATUS_REFUSED && !gone &&
        (again->outcome.status != a->outcome.status || again->outcome.count != a->outcome.count ||
         again->outcome.skipped != a->outcome.skipped))
        broken(w, "an op that was sent again had another outcome", again);
    return a;
}

static void lose_slot(worker *w)
{
    w->slot = (allot_uuid){{0}};
    w->term = 0;
}

static void join_group(worker *w)
{
    w->slot = any_uuid();
    w->sequence = 0;
    w->term = 0;
    allot_op op = make_op(w, ALLOT_OP_JOIN);
    op.u.join = (allot_op_join){
        .name = {"hammer", 6}, .pid = getpid(), .ttl_us = TTL_US, .weight = 1, .fresh_life = any_uuid()};
    const allot_answer *a = call(w, &op);
    if (a->outcome.status == ALLOT_STATUS_REFUSED)
        broken(w, "join", a);
    if (a->outcome.status != ALLOT_STATUS_OK)
        lose_slot(w);
}

/* False: the slot is over. */
static bool beat_once(worker *w)
{
    allot_op op = make_op(w, ALLOT_OP_BEAT);
    op.term = w->term;
    op.u.beat.floors = (allot_floors){w->view.life, w->view.number, w->view.term, w->view.token};
    op.u.beat.ttl_us = TTL_US;
    op.u.beat.fresh_life = any_uuid();
    const allot_answer *a = call(w, &op);
    if (a->outcome.status == ALLOT_STATUS_REFUSED && a->outcome.reason != ALLOT_REFUSED_EXPIRED &&
        a->outcome.reason != ALLOT_REFUSED_DEAD && a->outcome.reason != ALLOT_REFUSED_GONE)
        broken(w, "beat", a);
    if (a->outcome.status != ALLOT_STATUS_OK)
        return false;
    if (uuid_equal(&w->view.life, &a->view->life) && a->view->number <= w->view.number)
        broken(w, "a view that is not newer", a);
    w->view = *a->view;
    w->view.strategy = (allot_bytes){NULL, 0};
    return true;
}

static void campaign_once(worker *w)
{
    int64_t from_us = now_us();
    allot_op op = make_op(w, ALLOT_OP_CAMPAIGN);
    const allot_answer *a = call(w, &op);
    if (a->outcome.status != ALLOT_STATUS_OK)
        return;
    w->term = a->outcome.term;
    note(w, (hammer_record){.what = HAMMER_TERM_WON, .number = w->term, .from_us = from_us, .until_us = now_us()});
}

static void add_some(worker *w)
{
    char text[ADD_MAX][32];
    allot_new_id ids[ADD_MAX];
    uint32_t first = w->added;
    uint32_t count = 1 + (uint32_t)draw(w, ADD_MAX);
    if (first + count > 0xffff)
        return;
    for (uint32_t i = 0; i < count; i++) {
        hammer_id_text(w->process << 16 | (first + i), text[i]);
        ids[i] = (allot_new_id){.id = {text[i], (uint32_t)strlen(text[i])}};
        note(w, (hammer_record){.what = HAMMER_ADD_SENT, .id = w->process << 16 | (first + i)});
    }
    w->added += count;
    allot_op op = make_op(w, ALLOT_OP_ADD);
    op.u.add = (allot_op_add){.count = count, .ids = ids, .fresh_life = any_uuid()};
    const allot_answer *a = call(w, &op);
    if (a->outcome.status == ALLOT_STATUS_OK && a->outcome.count != count)
        broken(w, "new ids that were there before", a);
    hammer_what what = a->outcome.status == ALLOT_STATUS_OK ? HAMMER_ADD_CONFIRMED : HAMMER_ADD_UNDONE;
    for (uint32_t i = 0; i < count && a->outcome.status != ALLOT_STATUS_UNKNOWN; i++)
        note(w, (hammer_record){.what = what, .id = w->process << 16 | (first + i)});
}

/* ---- The leader ------------------------------------------------------------------------------------------------- */

static void reap_the_dead(worker *w)
{
    allot_op op = make_op(w, ALLOT_OP_READ_ROSTER);
    op.u.read = (allot_op_read){.limit = SLOTS, .reapable_only = true};
    const allot_answer *dead = call(w, &op);
    for (uint32_t i = 0; i < dead->slot_count; i++) {
        op = make_op(w, ALLOT_OP_REAP);
        op.u.target.target = dead->slots[i].slot;
        call(w, &op);
    }
}

/* Some of the inbox, segment by segment, to the slots in turn; now and then an id or two alone. */
static void split_inbox(worker *w)
{
    allot_uuid slots[SLOTS];
    allot_part parts[SLOTS];
    allot_grant grants[SLOTS];
    allot_op op = make_op(w, ALLOT_OP_READ_ROSTER);
    op.u.read.limit = SLOTS;
    const allot_answer *roster = call(w, &op);
    for (uint32_t i = 0; i < roster->slot_count; i++)
        slots[i] = roster->slots[i].slot;
    op = make_op(w, ALLOT_OP_READ_INBOX);
    op.u.read.limit = SLOTS;
    const allot_answer *inbox = call(w, &op);
    if (roster->slot_count == 0 || inbox->segment_count == 0)
        return;
    for (uint32_t i = 0; i < inbox->segment_count; i++) {
        parts[i] = (allot_part){.segment = inbox->segments[i].segment, .position = ALLOT_ALL};
        if (draw(w, 3) == 0)
            parts[i].take = 1 + (uint32_t)draw(w, 4);
        grants[i] = (allot_grant){(uint32_t)draw(w, roster->slot_count), 1, &parts[i]};
    }
    op = make_op(w, ALLOT_OP_ASSIGN);
    op.u.assign = (allot_op_assign){roster->slot_count, slots, inbox->segment_count, grants};
    call(w, &op);
}

static void recall_some(worker *w)
{
    allot_op op = make_op(w, ALLOT_OP_READ_ROSTER);
    op.u.read.limit = SLOTS;
    const allot_answer *roster = call(w, &op);
    if (roster->slot_count == 0)
        return;
    allot_uuid target = roster->slots[draw(w, roster->slot_count)].slot;
    op = make_op(w, ALLOT_OP_READ_SHARE);
    op.u.read = (allot_op_read){.target = target, .limit = 1};
    const allot_answer *share = call(w, &op);
    if (share->segment_count == 0)
        return;
    allot_part part = {.segment = share->segments[0].segment, .position = ALLOT_ALL, .take = 2};
    op = make_op(w, ALLOT_OP_RECALL);
    op.u.recall = (allot_op_recall){target, 1, &part};
    call(w, &op);
}

static void lead(worker *w)
{
    reap_the_dead(w);
    split_inbox(w);
    if (draw(w, 4) == 0)
        recall_some(w);
    allot_op op = make_op(w, ALLOT_OP_UNPARK);
    op.term = w->term;
    call(w, &op);
    op = make_op(w, ALLOT_OP_PUBLISH);
    op.u.publish.version = w->view.version + 1;
    const allot_answer *a = call(w, &op);
    if (a->outcome.reason == ALLOT_REFUSED_NOT_LEADER || draw(w, 200) == 0)
        w->term = 0;
}

/* ---- The owner -------------------------------------------------------------------------------------------------- */

typedef struct report {
    allot_op_kind kind;
    uint32_t count;
    allot_item items[REPORT_MAX];
    uint32_t ids[REPORT_MAX];
} report;

static void put_item(report *r, const allot_segment_body *body, uint32_t position, uint32_t id)
{
    if (r->count == REPORT_MAX)
        return;
    r->items[r->count] = (allot_item){body->segment, body->token, position, body->ids[position].id};
    r->ids[r->count++] = id;
}

static void look_at(worker *w, const allot_segment_body *body, int64_t from_us, report *reports)
{
    for (uint32_t i = 0; i < body->count; i++) {
        uint32_t id;
        if (bits_test(body->done, i) || !hammer_id_from(body->ids[i].id, &id))
            continue;
        note(w, (hammer_record){
                    .what = HAMMER_OWNED, .id = id, .number = body->token, .from_us = from_us, .until_us = now_us()});
        uint64_t luck = draw(w, 100);
        if (bits_test(body->recalled, i) || luck < 10)
            put_item(&reports[1], body, i, id);
        else if (luck < 50)
            put_item(&reports[0], body, i, id);
        else if (luck < 55)
            put_item(&reports[2], body, i, id);
    }
}

static void send_report(worker *w, const report *r)
{
    if (r->count == 0)
        return;
    bool acks = r->kind == ALLOT_OP_ACK;
    for (uint32_t i = 0; acks && i < r->count; i++)
        note(w, (hammer_record){.what = HAMMER_ACK_SENT, .id = r->ids[i], .number = r->items[i].token});
    allot_op op = make_op(w, r->kind);
    op.u.items = (allot_op_items){.count = r->count, .items = r->items, .retry_after_us = 20000};
    const allot_answer *a = call(w, &op);
    allot_op_status status = a->outcome.status;
    for (uint32_t i = 0; acks && i < r->count && status != ALLOT_STATUS_UNKNOWN; i++) {
        bool accepted = status == ALLOT_STATUS_OK && !bits_test(a->outcome.refused, i);
        note(w, (hammer_record){.what = accepted ? HAMMER_ACK_ACCEPTED : HAMMER_ACK_REFUSED,
                                .id = r->ids[i],
                                .number = r->items[i].token});
    }
}

static void work_on_share(worker *w)
{
    report reports[3] = {{.kind = ALLOT_OP_ACK}, {.kind = ALLOT_OP_RELEASE}, {.kind = ALLOT_OP_FAIL}};
    uint64_t segments[BODIES];
    allot_op op = make_op(w, ALLOT_OP_READ_SHARE);
    op.u.read = (allot_op_read){.target = w->slot, .limit = BODIES};
    const allot_answer *share = call(w, &op);
    if (share->segment_count == 0)
        return;
    for (uint32_t i = 0; i < share->segment_count; i++)
        segments[i] = share->segments[i].segment;
    int64_t from_us = now_us();
    op = make_op(w, ALLOT_OP_READ_SEGMENTS);
    op.u.read = (allot_op_read){.target = w->slot, .segment_count = share->segment_count, .segments = segments};
    const allot_answer *bodies = call(w, &op);
    for (uint32_t i = 0; i < bodies->body_count; i++)
        look_at(w, &bodies->bodies[i], from_us, reports);
    for (int i = 0; i < 3; i++)
        send_report(w, &reports[i]);
}

/* ---- A life ----------------------------------------------------------------------------------------------------- */

static void turn(worker *w)
{
    if (uuid_is_zero(&w->slot))
        join_group(w);
    if (uuid_is_zero(&w->slot))
        return;
    if (!beat_once(w)) {
        lose_slot(w);
        return;
    }
    if (uuid_is_zero(&w->view.leader))
        campaign_once(w);
    if (draw(w, 2) == 0)
        add_some(w);
    if (w->term != 0)
        lead(w);
    work_on_share(w);
    if (draw(w, 150) == 0) {
        allot_op op = make_op(w, ALLOT_OP_LEAVE);
        call(w, &op);
        lose_slot(w);
    }
}

int hammer_work(hammer *h, uint32_t process, const allot_backend_ops *ops, const allot_backend_config *config)
{
    worker w = {.history = &h->histories[process], .process = process, .random = process + 1};
    allot_error error = {0};
    int code = driver_open(ops, config, &w.driver, &error);
    if (code != 0) {
        snprintf(w.history->broken, sizeof(w.history->broken), "process %u: open: %.300s", process, error.message);
        return 1;
    }
    while (!atomic_load(&h->stop) && !is_broken(&w)) {
        turn(&w);
        driver_forget(w.driver);
        usleep(PAUSE_US);
    }
    driver_close(w.driver);
    return is_broken(&w);
}
