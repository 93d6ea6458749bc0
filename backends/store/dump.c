/* dump.c - the state as lines of text, in an order that depends on the state alone. load.c reads them.
 *
 *   life UUID CREATED QUARANTINE_UNTIL LONGEST_TTL
 *   counters TERM TOKEN VERSION VIEW ROSTER_REV INBOX_REV AGE SEGMENT INBOX_ORDER PARKED_ORDER SETTLED_AGE STRATEGY
 *   leader UUID LAST_UUID
 *   slot UUID AGE STATE EXPIRES TTL NOT_AFTER WEIGHT DRAINING SHARE_REV PID NAME HOST CONTAINER
 *   working UUID SEGMENT:POSITION ...
 *   session UUID NOT_AFTER
 *   outcome UUID SEQUENCE STATUS REASON COUNT SKIPPED MORE TERM WAIT REFUSED
 *   segment NUMBER BASE OWNER TOKEN RECALLS 0 ID ...         BASE: '-' for 1024 * NUMBER; OWNER, RECALLS: '-' for none;
 *                                                            ID: '-' when done
 *   segment NUMBER BASE OWNER TOKEN RECALLS 1 ID BYTES ...   with payloads
 *   inbox ORDER NUMBER
 *   parked ORDER DUE ID BYTES
 *   fail ATTEMPTS ID REASON
 *
 * Fields are divided by one space. In a text, %XX stands for a space, '%', a control character and a lone '-'; in the
 * bytes of a payload also for what is not ASCII. No text is '-'. */
#include "backends/store/internal.h"
#include "base/bits.h"
#include "base/uuid_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct dump {
    const store *s;
    int (*emit)(void *user, const char *line, size_t len);
    void *user;
    bytes line;
    bool nomem; /* a field did not fit the line */
} dump;

/* ---- fields ----------------------------------------------------------------------------------------------------- */

static void put(dump *d, const void *data, size_t len)
{
    if (bytes_append(&d->line, data, len) != 0)
        d->nomem = true;
}

static void put_word(dump *d, const char *word)
{
    put(d, word, strlen(word));
}

static void put_unsigned(dump *d, uint64_t number)
{
    char text[24];
    put(d, text, (size_t)snprintf(text, sizeof(text), " %" PRIu64, number));
}

static void put_signed(dump *d, int64_t number)
{
    char text[24];
    put(d, text, (size_t)snprintf(text, sizeof(text), " %" PRId64, number));
}

static void put_uuid(dump *d, const allot_uuid *id)
{
    char text[ALLOT_UUID_TEXT_BYTES];
    uuid_to_text(id, text);
    put(d, " ", 1);
    put(d, text, sizeof(text) - 1);
}

static bool is_plain(uint8_t byte, bool ascii)
{
    return byte > 0x20 && byte != '%' && byte != 0x7f && (byte < 0x80 || !ascii);
}

static void put_escaped(dump *d, uint8_t byte)
{
    char text[4];
    put(d, text, (size_t)snprintf(text, sizeof(text), "%%%02x", byte));
}

static void put_text(dump *d, allot_bytes text, bool ascii)
{
    put(d, " ", 1);
    if (text.len == 0) {
        put(d, "-", 1);
        return;
    }
    if (text.len == 1 && text.data[0] == '-') {
        put_escaped(d, '-');
        return;
    }
    uint32_t start = 0;
    for (uint32_t i = 0; i < text.len; i++) {
        if (is_plain((uint8_t)text.data[i], ascii))
            continue;
        put(d, text.data + start, i - start);
        put_escaped(d, (uint8_t)text.data[i]);
        start = i + 1;
    }
    put(d, text.data + start, text.len - start);
}

/* A bitmap as hexadecimal words, the first one first; '-' when no bit is set. */
static void put_bits(dump *d, const uint64_t *words, size_t word_count)
{
    while (word_count > 0 && words[word_count - 1] == 0)
        word_count--;
    put(d, word_count == 0 ? " -" : " ", word_count == 0 ? 2 : 1);
    for (size_t i = 0; i < word_count; i++) {
        char text[20];
        put(d, text, (size_t)snprintf(text, sizeof(text), "%016" PRIx64, words[i]));
    }
}

static int end_line(dump *d)
{
    if (d->nomem)
        return ALLOT_E_NOMEM;
    int rc = d->emit(d->user, d->line.data, d->line.len);
    bytes_clear(&d->line);
    return rc;
}

/* ---- records ---------------------------------------------------------------------------------------------------- */

static int dump_head(dump *d)
{
    const store *s = d->s;
    put_word(d, "life");
    put_uuid(d, &s->life);
    put_signed(d, s->created_us);
    put_signed(d, s->quarantine_until_us);
    put_signed(d, s->longest_ttl_us);
    int rc = end_line(d);
    if (rc != 0)
        return rc;
    const uint64_t counters[] = {s->term, s->token, s->version, s->view, s->roster_rev, s->inbox_rev, s->age,
                                 s->segment, s->inbox_order, s->parked_order, s->settled_age};
    put_word(d, "counters");
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
        put_unsigned(d, counters[i]);
    put_text(d, (allot_bytes){.data = s->strategy, .len = s->strategy_len}, false);
    rc = end_line(d);
    if (rc != 0)
        return rc;
    put_word(d, "leader");
    put_uuid(d, &s->leader);
    put_uuid(d, &s->last_leader);
    return end_line(d);
}

static int dump_outcome(dump *d, const allot_uuid *session, const store_outcome *o)
{
    put_word(d, "outcome");
    put_uuid(d, session);
    put_unsigned(d, o->sequence);
    put_unsigned(d, o->outcome.status);
    put_unsigned(d, o->outcome.reason);
    put_unsigned(d, o->outcome.count);
    put_unsigned(d, o->outcome.skipped);
    put_unsigned(d, o->outcome.more);
    put_unsigned(d, o->outcome.term);
    put_signed(d, o->outcome.wait_us);
    put_bits(d, o->outcome.refused, sizeof(o->outcome.refused) / sizeof(o->outcome.refused[0]));
    return end_line(d);
}

static int dump_memory(dump *d, const allot_uuid *session, const store_memory *m)
{
    int rc = 0;
    for (size_t i = 0; i < m->count && rc == 0; i++)
        rc = dump_outcome(d, session, &m->outcomes[i]);
    return rc;
}

static int dump_working(dump *d, const store_slot *slot)
{
    if (slot->working_count == 0)
        return 0;
    put_word(d, "working");
    put_uuid(d, &slot->id);
    for (size_t i = 0; i < slot->working_count; i++) {
        char text[48];
        put(d, text, (size_t)snprintf(text, sizeof(text), " %" PRIu64 ":%" PRIu32, slot->working[i].segment,
                                      slot->working[i].position));
    }
    return end_line(d);
}

static int dump_slot(dump *d, const store_slot *slot)
{
    put_word(d, "slot");
    put_uuid(d, &slot->id);
    put_unsigned(d, slot->age);
    put_unsigned(d, slot->state);
    put_signed(d, slot->expires_us);
    put_signed(d, slot->ttl_us);
    put_signed(d, slot->not_after_us);
    put_unsigned(d, slot->weight);
    put_unsigned(d, slot->draining);
    put_unsigned(d, slot->share_rev);
    put_signed(d, slot->pid);
    put_text(d, slot->name, false);
    put_text(d, slot->host, false);
    put_text(d, slot->container, false);
    int rc = end_line(d);
    if (rc == 0)
        rc = dump_working(d, slot);
    return rc != 0 ? rc : dump_memory(d, &slot->id, &slot->memory);
}

static int dump_session(dump *d, const store_session *session)
{
    put_word(d, "session");
    put_uuid(d, &session->id);
    put_signed(d, session->not_after_us);
    int rc = end_line(d);
    return rc != 0 ? rc : dump_memory(d, &session->id, &session->memory);
}

static bool has_payloads(const store_segment *g)
{
    for (uint32_t i = 0; g->payload_ends != NULL && i < g->count; i++)
        if (store_segment_has(g, i) && store_segment_payload(g, i).len > 0)
            return true;
    return false;
}

static int dump_segment(dump *d, const store_segment *g)
{
    bool payloads = has_payloads(g);
    put_word(d, "segment");
    put_unsigned(d, g->number);
    if (g->base == store_segment_fresh_base(g->number))
        put_word(d, " -");
    else
        put_unsigned(d, g->base);
    if (g->owner == NULL)
        put_word(d, " -");
    else
        put_uuid(d, &g->owner->id);
    put_unsigned(d, g->token);
    put_bits(d, g->recalls, (g->room + 63) / 64);
    put_unsigned(d, payloads);
    for (uint32_t i = 0; i < g->count; i++) {
        bool live = store_segment_has(g, i);
        put_text(d, live ? store_segment_id(g, i) : (allot_bytes){0}, false);
        if (payloads)
            put_text(d, live ? store_segment_payload(g, i) : (allot_bytes){0}, true);
    }
    return end_line(d);
}

static int dump_inbox(dump *d, const store_segment *g)
{
    put_word(d, "inbox");
    put_unsigned(d, g->inbox_order);
    put_unsigned(d, g->number);
    return end_line(d);
}

static int dump_parked(dump *d, const store_parked *p)
{
    put_word(d, "parked");
    put_unsigned(d, p->order);
    put_signed(d, p->due_us);
    put_text(d, p->id, false);
    put_text(d, p->payload, true);
    return end_line(d);
}

static int dump_fail(dump *d, const store_fail *f)
{
    put_word(d, "fail");
    put_unsigned(d, f->attempts);
    put_text(d, f->id, false);
    put_text(d, (allot_bytes){.data = f->reason, .len = f->reason_len}, false);
    return end_line(d);
}

static int dump_all(dump *d)
{
    const store *s = d->s;
    const void *item;
    size_t at = 0;
    int rc = dump_head(d);
    while (rc == 0 && (item = numbered_next(&s->slots, &at)) != NULL)
        rc = dump_slot(d, item);
    for (const store_session *x = s->first_session; rc == 0 && x != NULL; x = x->next)
        rc = dump_session(d, x);
    for (at = 0; rc == 0 && (item = numbered_next(&s->segments, &at)) != NULL;)
        rc = dump_segment(d, item);
    for (at = 0; rc == 0 && (item = numbered_next(&s->inbox, &at)) != NULL;)
        rc = dump_inbox(d, item);
    for (at = 0; rc == 0 && (item = numbered_next(&s->parked, &at)) != NULL;)
        rc = dump_parked(d, item);
    for (const store_fail *f = s->first_fail; rc == 0 && f != NULL; f = f->next)
        rc = dump_fail(d, f);
    return rc;
}

int store_dump(const store *s, int (*emit)(void *user, const char *line, size_t len), void *user)
{
    dump d = {.s = s, .emit = emit, .user = user};
    int rc = dump_all(&d);
    bytes_done(&d.line);
    return rc;
}
