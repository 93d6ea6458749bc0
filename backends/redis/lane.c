#include "backends/redis/lane.h"

#include "backends/redis/errors.h"
#include "backends/redis/lane_scripts.h"
#include "backends/store/validate.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROOM = 256,
    WINDOW = 64, /* calls on their way at once */
    TRIES = 4,   /* of one op, when the server keeps forgetting its scripts */
    NUMBERS_LEFT = 256 /* between a deal's and those that are known to be used */
};

/* With an op's serial: of the texts that are read before its script is called. */
#define TAG_TEXTS (UINT64_C(1) << 62)

/* ---- the ring ---------------------------------------------------------------------------------------------------- */

static redis_entry *entry_at(const redis_lane *lane, size_t i)
{
    return lane->entries[(lane->start + i) % lane->capacity];
}

int redis_lane_init(redis_lane *lane, redis_link *link, const redis_names *names, const allot_clock *clock,
                    bool read_only)
{
    *lane = (redis_lane){.link = link, .names = names, .clock = *clock, .read_only = read_only};
    lane->entries = calloc(ROOM, sizeof(lane->entries[0]));
    if (lane->entries == NULL)
        return -1;
    lane->capacity = ROOM;
    for (size_t i = 0; i < ROOM; i++) {
        lane->entries[i] = calloc(1, sizeof(redis_entry));
        if (lane->entries[i] == NULL)
            return -1;
    }
    return 0;
}

void redis_lane_done(redis_lane *lane)
{
    for (size_t i = 0; i < lane->capacity; i++) {
        if (lane->entries[i] != NULL)
            redis_reading_done(&lane->entries[i]->reading);
        free(lane->entries[i]);
    }
    free(lane->entries);
    redis_call_done(&lane->call);
    redis_room_done(&lane->room);
    redis_link_free(lane->link, NULL);
    *lane = (redis_lane){0};
}

/* Doubles the ring, with its start at the front. */
static void grow(redis_lane *lane)
{
    redis_entry **entries = calloc(2 * lane->capacity, sizeof(entries[0]));
    bool full = entries != NULL;
    for (size_t i = 0; full && i < lane->capacity; i++) {
        entries[i] = entry_at(lane, i);
        entries[lane->capacity + i] = calloc(1, sizeof(redis_entry));
        full = entries[lane->capacity + i] != NULL;
    }
    if (!full)
        abort();
    free(lane->entries);
    lane->entries = entries;
    lane->start = 0;
    lane->capacity *= 2;
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

/* The op has its answer; it is delivered in its turn. */
static void conclude(redis_entry *e, allot_op_status status, allot_reason reason)
{
    e->state = REDIS_ENTRY_DONE;
    e->reading.answer =
        (allot_answer){.cookie = e->op->cookie, .kind = e->op->kind, .outcome = {.status = status, .reason = reason}};
}

/* As one line. */
static void conclude_failure(redis_entry *e, bool maybe_applied, const char *where, const char *why)
{
    bool unknown = (maybe_applied || e->maybe_applied) && e->op->kind < ALLOT_OP_READ_VIEW;
    conclude(e, unknown ? ALLOT_STATUS_UNKNOWN : ALLOT_STATUS_UNAVAILABLE, ALLOT_REFUSED_NOTHING);
    snprintf(e->why, sizeof(e->why), "%s%s%s", where, *where != '\0' ? ": " : "", why);
    for (char *c = e->why; *c != '\0'; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
    e->reading.answer.message = e->why;
}

static void pop(redis_lane *lane)
{
    redis_entry *e = entry_at(lane, 0);
    redis_reading_done(&e->reading);
    lane->start = (lane->start + 1) % lane->capacity;
    lane->count--;
    lane->first_serial++;
}

static bool deliver_done(redis_lane *lane)
{
    bool any = false;
    while (lane->count > 0 && entry_at(lane, 0)->state == REDIS_ENTRY_DONE) {
        redis_entry *e = entry_at(lane, 0);
        lane->sink->answer(lane->sink->user, &e->reading.answer); /* may submit: the ring may have grown */
        pop(lane);
        any = true;
    }
    return any;
}

void redis_lane_push(redis_lane *lane, const allot_op *op)
{
    if (lane->count == lane->capacity)
        grow(lane);
    redis_entry *e = entry_at(lane, lane->count++);
    int64_t now_us = lane->clock.boot_us(lane->clock.user);
    *e = (redis_entry){.op = op, .expires_us = INT64_MAX, .state = REDIS_ENTRY_WAITS};
    if (op->timeout_us > 0 && op->timeout_us < INT64_MAX - now_us)
        e->expires_us = now_us + op->timeout_us;
    allot_reason malformed = store_validate(op);
    e->over_limit = malformed == ALLOT_REFUSED_LIMIT;
    if (malformed == ALLOT_REFUSED_INVALID || (e->over_limit && op->kind >= ALLOT_OP_READ_VIEW))
        conclude(e, ALLOT_STATUS_REFUSED, malformed);
    else if (lane->read_only && op->kind < ALLOT_OP_READ_VIEW)
        conclude_failure(e, false, "", "the handle is read-only");
}

/* ---- replies ----------------------------------------------------------------------------------------------------- */

/* All that was kept is sent again when nothing is on its way any more. */
static void send_kept_again(redis_lane *lane)
{
    if (lane->unreplied > 0)
        return;
    for (size_t i = 0; i < lane->count; i++)
        if (entry_at(lane, i)->state == REDIS_ENTRY_KEPT)
            entry_at(lane, i)->state = REDIS_ENTRY_WAITS;
    lane->on_way = 0;
}

static void leave_way(redis_lane *lane)
{
    assert(lane->unreplied > 0 && lane->on_way > 0);
    lane->unreplied--;
    lane->on_way--;
}

static void take_error(redis_lane *lane, redis_entry *e, const char *text)
{
    const char *name = redis_link_name(lane->link);
    if (strncmp(text, "FORMAT ", 7) == 0) {
        char why[120];
        snprintf(why, sizeof(why), "its data has format %.20s, which this version does not know", text + 7);
        conclude_failure(e, false, name, why);
    } else {
        conclude_failure(e, redis_error_maybe_applied(text), name, text);
    }
}

/* HMGET does not say of which key; scripts do (base.lua). */
static void take_texts_error(redis_lane *lane, redis_entry *e, const char *text)
{
    char why[sizeof(e->why)];
    snprintf(why, sizeof(why), "%s (%sseg)", text, lane->names->prefix);
    take_error(lane, e, why);
}

static void take_array(redis_lane *lane, redis_entry *e, const redisReply *reply)
{
    const char *name = redis_link_name(lane->link);
    switch (redis_decode(e->op, reply, &e->reading)) {
    case REDIS_DECODED:
        e->state = REDIS_ENTRY_DONE;
        break;
    case REDIS_DECODED_AGAIN: /* in its turn: what was sent behind it, too */
        e->state = REDIS_ENTRY_KEPT;
        lane->on_way++;
        send_kept_again(lane);
        break;
    case REDIS_DECODED_NOMEM:
        conclude_failure(e, true, "", "out of memory");
        break;
    case REDIS_DECODED_BAD:
        conclude_failure(e, true, name, "its answer makes no sense");
        redis_link_distrust(lane->link); /* it may be the answer to something else */
        break;
    }
}

/* Whether this reply tells nothing yet, because the op has to be sent (again) behind one that the server had no script
 * for. */
static bool is_to_be_kept(redis_lane *lane, redis_entry *e, const redisReply *reply)
{
    bool noscript = reply->type == REDIS_REPLY_ERROR && redis_error_kind_of(reply->str) == REDIS_ERROR_NOSCRIPT;
    e->forgotten += noscript;
    if (noscript && e->forgotten >= TRIES) {
        bool told = lane->load_error[0] != '\0';
        conclude_failure(e, false, redis_link_name(lane->link),
                         told ? lane->load_error : "it keeps forgetting its scripts");
        return false;
    }
    bool is_kept = noscript || lane->on_way > lane->unreplied;
    lane->load_again = lane->load_again || noscript;
    e->maybe_applied = e->maybe_applied || (is_kept && !noscript);
    if (is_kept && !noscript)
        e->reading.progress.first_number = 0; /* it has used its numbers, or they are old by now */
    return is_kept;
}

static bool is_of_texts(uint64_t tag)
{
    return tag < REDIS_TAG_LOAD && (tag & TAG_TEXTS) != 0;
}

/* They wait for the script's reply. The op may be over: its script could not be sent. */
static void take_texts(redis_lane *lane, uint64_t tag, const redisReply *reply)
{
    uint64_t at = (tag & ~TAG_TEXTS) - lane->first_serial;
    redis_entry *e = at < lane->count ? entry_at(lane, at) : NULL;
    if (e == NULL || e->state == REDIS_ENTRY_DONE)
        return;
    if (e->reading.texts != NULL)
        freeReplyObject(e->reading.texts);
    redis_link_keep(lane->link);
    e->reading.texts = (redisReply *)reply;
}

static void take_reply(redis_lane *lane, uint64_t tag, const redisReply *whole)
{
    assert(tag - lane->first_serial < lane->count);
    redis_entry *e = entry_at(lane, tag - lane->first_serial);
    assert(e->state == REDIS_ENTRY_SENT);
    const redisReply *reply = redis_call_reply(e->reading.progress.first_number != 0, whole);
    if (is_to_be_kept(lane, e, reply)) {
        e->state = REDIS_ENTRY_KEPT;
        lane->unreplied--;
        send_kept_again(lane);
        return;
    }
    leave_way(lane);
    if (e->state == REDIS_ENTRY_DONE) {
        if (lane->on_way > lane->unreplied)
            send_kept_again(lane);
        return;
    }
    const redisReply *texts = e->reading.texts;
    if (reply->type == REDIS_REPLY_ERROR)
        take_error(lane, e, reply->str);
    else if (texts != NULL && texts->type == REDIS_REPLY_ERROR)
        take_texts_error(lane, e, texts->str);
    else
        take_array(lane, e, reply);
    if (e->reading.next_number > lane->next_number)
        lane->next_number = e->reading.next_number;
    deliver_done(lane); /* the answer points into the reply */
}

/* ---- what the link tells ----------------------------------------------------------------------------------------- */

static void on_reply(void *user, uint64_t tag, const redisReply *reply)
{
    redis_lane *lane = user;
    lane->heard = true;
    if (tag == REDIS_TAG_EXISTS)
        redis_lane_load_missing(lane, reply);
    else if (tag == REDIS_TAG_LOAD)
        redis_lane_take_loaded(lane, reply);
    else if (is_of_texts(tag))
        take_texts(lane, tag, reply);
    else
        take_reply(lane, tag, reply);
}

/* The link could not be used: what waits for it here has waited in vain, too. */
static void fail_waiting(redis_lane *lane, const char *why)
{
    for (size_t i = 0; i < lane->count; i++)
        if (entry_at(lane, i)->state == REDIS_ENTRY_WAITS)
            conclude_failure(entry_at(lane, i), false, "", why);
}

static void on_failed(void *user, uint64_t tag, bool maybe_applied, const char *why)
{
    redis_lane *lane = user;
    lane->heard = true;
    if (tag == REDIS_TAG_EXISTS) {
        lane->scripts = REDIS_SCRIPTS_UNKNOWN;
        fail_waiting(lane, why);
    }
    if (tag == REDIS_TAG_EXISTS || tag == REDIS_TAG_LOAD || is_of_texts(tag)) /* the script's end is the op's */
        return;
    assert(tag - lane->first_serial < lane->count);
    redis_entry *e = entry_at(lane, tag - lane->first_serial);
    assert(e->state == REDIS_ENTRY_SENT);
    leave_way(lane);
    conclude_failure(e, maybe_applied, "", why);
    if (lane->on_way > lane->unreplied)
        send_kept_again(lane);
}

static void on_up(void *user)
{
    redis_lane *lane = user;
    if (lane->scripts != REDIS_SCRIPTS_ASKED && redis_lane_ask_for_scripts(lane) != 0)
        lane->scripts = REDIS_SCRIPTS_UNKNOWN;
}

static void on_down(void *user, const char *why)
{
    redis_lane *lane = user;
    (void)why;
    if (lane->scripts == REDIS_SCRIPTS_LOADED)
        lane->scripts = REDIS_SCRIPTS_UNKNOWN;
}

static void on_note(void *user, const char *message)
{
    redis_lane *lane = user;
    if (lane->tells_notes)
        lane->sink->note(lane->sink->user, message);
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

static bool is_exclusive(const redis_lane *lane, const redis_entry *e)
{
    const allot_op *op = e->op;
    if (op->kind == ALLOT_OP_DEAL && lane->next_number == 0)
        return true;
    return op->kind == ALLOT_OP_READ_ROSTER || op->kind == ALLOT_OP_READ_POOL ||
           (op->kind == ALLOT_OP_READ_SEGMENTS && op->u.read.with_payloads);
}

/* A deal needs numbers for its piles: behind those of the deals that are on their way, further on by a few that others
 * may use meanwhile (a gap costs nothing). As long as none are known, they are asked for. One that is sent again keeps
 * its own, unless they were used: its texts lie there, if it was sent when the server had forgotten the script. */
static void take_numbers(redis_lane *lane, redis_entry *e)
{
    redis_progress *progress = &e->reading.progress;
    bool has_good = progress->first_number != 0 && e->reading.next_number <= progress->first_number;
    if (e->op->kind != ALLOT_OP_DEAL || e->over_limit || lane->next_number == 0 || has_good)
        return;
    progress->first_number = lane->next_number + NUMBERS_LEFT;
    lane->next_number = progress->first_number + e->op->u.deal.pile_count;
}

static int send_call(redis_lane *lane, redis_entry *e, uint64_t tag)
{
    redis_call *call = &lane->call;
    take_numbers(lane, e);
    if (redis_encode(lane->names, e->op, e->over_limit, &e->reading.progress, call) != 0)
        return -1;
    if (lane->load_again && redis_lane_load_script(lane, call->script) != 0)
        return -1;
    return redis_call_send(call, lane->link, &lane->room, tag, tag | TAG_TEXTS, e->expires_us);
}

static void send_entry(redis_lane *lane, size_t i)
{
    redis_entry *e = entry_at(lane, i);
    if (send_call(lane, e, lane->first_serial + i) != 0) {
        conclude_failure(e, false, "", "out of memory");
        return;
    }
    e->state = REDIS_ENTRY_SENT;
    lane->on_way++;
    lane->unreplied++;
}

static void conclude_overdue(redis_lane *lane, redis_entry *e)
{
    const char *why = redis_link_why(lane->link);
    if (*why != '\0')
        conclude_failure(e, false, "", why);
    else
        conclude_failure(e, false, redis_link_name(lane->link), "timed out before it was sent");
}

/* Those that waited too long for their turn. */
static void expire_waiting(redis_lane *lane)
{
    int64_t now_us = lane->count > 0 ? lane->clock.boot_us(lane->clock.user) : 0;
    for (size_t i = 0; i < lane->count; i++) {
        redis_entry *e = entry_at(lane, i);
        if (e->state == REDIS_ENTRY_WAITS && e->expires_us <= now_us)
            conclude_overdue(lane, e);
    }
}

static bool has_waiting(const redis_lane *lane)
{
    for (size_t i = 0; i < lane->count; i++)
        if (entry_at(lane, i)->state == REDIS_ENTRY_WAITS)
            return true;
    return false;
}

/* An op is sent when nothing before it has to be sent first, or has to be alone. */
static bool send_waiting(redis_lane *lane)
{
    bool any = false;
    for (size_t i = 0; i < lane->count && lane->on_way == lane->unreplied && lane->on_way < WINDOW; i++) {
        redis_entry *e = entry_at(lane, i);
        bool is_alone = is_exclusive(lane, e);
        if (is_alone && (e->state == REDIS_ENTRY_SENT || (e->state == REDIS_ENTRY_WAITS && lane->on_way > 0)))
            break;
        if (e->state != REDIS_ENTRY_WAITS)
            continue;
        send_entry(lane, i);
        any = true;
        if (is_alone)
            break;
    }
    lane->load_again = lane->load_again && !any;
    return any;
}

static bool send(redis_lane *lane)
{
    if (!has_waiting(lane))
        return false;
    if (lane->scripts == REDIS_SCRIPTS_LOADED && redis_link_is_up(lane->link))
        return send_waiting(lane);
    if (lane->scripts == REDIS_SCRIPTS_ASKED)
        return false;
    if (redis_lane_ask_for_scripts(lane) != 0) /* this also wakes a link that sleeps */
        fail_waiting(lane, "out of memory");
    return true;
}

void redis_lane_process(redis_lane *lane, const allot_sink *sink)
{
    const redis_link_events events = {
        .user = lane, .reply = on_reply, .failed = on_failed, .up = on_up, .down = on_down, .note = on_note};
    bool more;
    lane->sink = sink;
    do {
        lane->heard = false;
        expire_waiting(lane);
        more = send(lane);
        redis_link_process(lane->link, &events);
        more |= deliver_done(lane);
    } while (more || lane->heard); /* what was heard may be what something waits for */
    lane->sink = NULL;
}

int64_t redis_lane_deadline_us(const redis_lane *lane)
{
    int64_t deadline_us = redis_link_deadline_us(lane->link);
    for (size_t i = 0; i < lane->count; i++)
        if (entry_at(lane, i)->state == REDIS_ENTRY_WAITS && entry_at(lane, i)->expires_us < deadline_us)
            deadline_us = entry_at(lane, i)->expires_us;
    return deadline_us;
}

void redis_lane_close(redis_lane *lane, const allot_sink *sink)
{
    const redis_link_events events = {.user = lane, .reply = on_reply, .failed = on_failed};
    lane->sink = sink;
    redis_link_free(lane->link, &events);
    lane->link = NULL;
    while (lane->count > 0) {
        for (size_t i = 0; i < lane->count; i++)
            if (entry_at(lane, i)->state != REDIS_ENTRY_DONE)
                conclude_failure(entry_at(lane, i), false, "", "the handle was closed");
        deliver_done(lane);
    }
    lane->sink = NULL;
}
