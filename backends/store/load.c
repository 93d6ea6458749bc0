/* load.c - the lines of dump.c, taken back. Nothing of a line is trusted: what is wrong is damage, told by its word. */
#include "backends/store/internal.h"
#include "backends/store/line.h"
#include "base/bits.h"
#include "base/text.h"
#include "base/uuid_text.h"

#include <stdio.h>
#include <string.h>

/* ---- records: return 0 or ALLOT_E_NOMEM; what is wrong sets l->bad ---------------------------------------------- */

static int load_life(store_line *l)
{
    l->s->life = store_take_uuid(l);
    l->s->created_us = store_take_signed(l);
    l->s->quarantine_until_us = store_take_signed(l);
    l->s->longest_ttl_us = (int64_t)store_take_number(l, STORE_NUMBER_END);
    return 0;
}

static int load_counters(store_line *l)
{
    store *s = l->s;
    uint64_t *counters[] = {&s->term, &s->token, &s->version, &s->view, &s->roster_rev, &s->inbox_rev, &s->age,
                            &s->segment, &s->inbox_order, &s->parked_order, &s->settled_age};
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
        *counters[i] = store_take_number(l, STORE_NUMBER_END);
    allot_bytes strategy = store_take_name(l);
    if (l->bad)
        return 0;
    s->strategy_len = strategy.len;
    memcpy(s->strategy, strategy.data, strategy.len);
    return 0;
}

static int load_leader(store_line *l)
{
    l->s->leader = store_take_uuid(l);
    l->s->last_leader = store_take_uuid(l);
    return 0;
}

static bool slot_is_new(const store *s, const store_slot *slot)
{
    size_t len = s->slots.len;
    return slot->age > 0 && slot->age <= s->age && (len == 0 || s->slots.entries[len - 1].number < slot->age) &&
           !uuid_is_zero(&slot->id) && store_slot_find(s, &slot->id) == NULL;
}

static int load_slot(store_line *l)
{
    store_slot read = {.id = store_take_uuid(l)};
    read.age = store_take_number(l, STORE_NUMBER_END);
    read.state = (allot_slot_state)store_take_number(l, ALLOT_SLOT_DEAD + 1);
    read.expires_us = store_take_signed(l);
    read.ttl_us = (int64_t)store_take_number(l, STORE_NUMBER_END);
    read.not_after_us = store_take_signed(l);
    read.weight = (uint32_t)store_take_number(l, 1001);
    read.draining = store_take_number(l, 2) != 0;
    read.share_rev = store_take_number(l, STORE_NUMBER_END);
    read.pid = store_take_signed(l);
    allot_bytes name = store_take_name(l);
    allot_bytes host = store_take_name(l);
    allot_bytes container = store_take_name(l);
    if (l->bad || read.state < ALLOT_SLOT_LIVE || !slot_is_new(l->s, &read)) {
        l->bad = true;
        return 0;
    }
    store_slot *slot = store_slot_new(&read.id, name, host, container);
    if (slot == NULL)
        return ALLOT_E_NOMEM;
    slot->age = read.age;
    slot->state = read.state;
    slot->expires_us = read.expires_us;
    slot->ttl_us = read.ttl_us;
    slot->not_after_us = read.not_after_us;
    slot->weight = read.weight;
    slot->draining = read.draining;
    slot->share_rev = read.share_rev;
    slot->pid = read.pid;
    if (store_slot_add(l->s, slot) == 0)
        return 0;
    store_slot_free(slot);
    return ALLOT_E_NOMEM;
}

static allot_ref take_ref(store_line *l)
{
    allot_bytes field = store_take_field(l);
    const char *colon = field.len == 0 ? NULL : memchr(field.data, ':', field.len);
    if (colon == NULL) {
        l->bad = true;
        return (allot_ref){0};
    }
    allot_bytes segment = {.data = field.data, .len = (uint32_t)(colon - field.data)};
    allot_bytes position = {.data = colon + 1, .len = field.len - segment.len - 1};
    return (allot_ref){.segment = store_number_of(l, segment, STORE_NUMBER_END),
                       .position = (uint32_t)store_number_of(l, position, ALLOT_SEGMENT_IDS_MAX)};
}

static int load_working(store_line *l)
{
    allot_ref working[ALLOT_WORKING_MAX];
    size_t count = 0;
    allot_uuid id = store_take_uuid(l);
    store_slot *slot = l->bad ? NULL : store_slot_find(l->s, &id);
    while (!l->bad && l->at < l->end && count < ALLOT_WORKING_MAX)
        working[count++] = take_ref(l);
    if (l->bad || slot == NULL || count == 0) {
        l->bad = true;
        return 0;
    }
    return store_slot_set_working(slot, working, count);
}

static int load_session(store_line *l)
{
    allot_uuid id = store_take_uuid(l);
    int64_t not_after_us = store_take_signed(l);
    store_session *session;
    if (l->bad || store_session_find(l->s, &id) != NULL) {
        l->bad = true;
        return 0;
    }
    return store_session_add(l->s, &id, not_after_us, &session);
}

/* Outcomes follow their slot, or their session. */
static store_memory *memory_of(store_line *l, const allot_uuid *id)
{
    store_session *session = store_session_find(l->s, id);
    if (session != NULL)
        return &session->memory;
    store_slot *slot = store_slot_find(l->s, id);
    return slot == NULL ? NULL : &slot->memory;
}

static int load_outcome(store_line *l)
{
    allot_outcome o = {0};
    allot_uuid id = store_take_uuid(l);
    uint64_t sequence = store_take_number(l, STORE_NUMBER_END);
    o.status = (allot_op_status)store_take_number(l, ALLOT_STATUS_REFUSED + 1);
    o.reason = (allot_reason)store_take_number(l, ALLOT_REASON_END);
    o.count = store_take_number(l, UINT64_MAX);
    o.skipped = store_take_number(l, UINT64_MAX);
    o.more = store_take_number(l, UINT64_MAX);
    o.term = store_take_number(l, STORE_NUMBER_END);
    o.wait_us = store_take_signed(l);
    store_take_bits(l, o.refused, sizeof(o.refused) / sizeof(o.refused[0]));
    store_memory *m = l->bad ? NULL : memory_of(l, &id);
    bool in_order = m != NULL && (m->count == 0 || m->outcomes[m->count - 1].sequence < sequence);
    if (!in_order || sequence == 0 || o.status == 0) {
        l->bad = true;
        return 0;
    }
    return store_memory_put(m, sequence, &o);
}

/* The ids of a segment's line, those that are done as nothing; returns how many. */
static uint32_t take_ids(store_line *l, bool with_payloads, allot_new_id *ids)
{
    uint32_t count = 0;
    while (!l->bad && l->at < l->end && count < ALLOT_SEGMENT_IDS_MAX) {
        allot_new_id *n = &ids[count++];
        *n = (allot_new_id){.id = store_take_text(l)};
        if (with_payloads)
            n->payload = store_take_text(l);
        bool valid = n->id.len > 0 ? id_is_valid(n->id) : n->payload.len == 0;
        if (!valid || n->payload.len > ALLOT_PAYLOAD_BYTES_MAX)
            l->bad = true;
    }
    return count;
}

static int fill_segment(store_line *l, store_segment *g, const allot_new_id *ids, uint32_t count)
{
    uint64_t where;
    for (uint32_t i = 0; i < count; i++) {
        store_segment_push(g, ids[i].id, ids[i].payload);
        if (ids[i].id.len == 0) {
            bits_set(g->done, i);
            g->live--;
        } else if (index_get(&l->s->ids, ids[i].id.data, ids[i].id.len, &where)) {
            l->bad = true; /* I2 */
            return 0;
        } else if (index_put(&l->s->ids, ids[i].id.data, ids[i].id.len, store_where_in_segment(g->number, i)) != 0) {
            return ALLOT_E_NOMEM;
        }
    }
    return 0;
}

static int make_segment(store_line *l, uint64_t number, bool with_payloads, const allot_new_id *ids, uint32_t count,
                        store_segment **ret_segment)
{
    size_t id_bytes = 0;
    size_t payload_bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        id_bytes += ids[i].id.len;
        payload_bytes += ids[i].payload.len;
    }
    if (id_bytes == 0 || (with_payloads && payload_bytes == 0)) {
        l->bad = true; /* nothing is left in it: it does not exist, or is written without payloads */
        return 0;
    }
    store_segment *g = store_segment_new(count, id_bytes, payload_bytes);
    int rc = store_segment_enter_at(l->s, g, number);
    if (rc != 0)
        return rc;
    *ret_segment = g;
    return fill_segment(l, g, ids, count);
}

static void place_segment(store_line *l, store_segment *g, allot_bytes owner, uint64_t token, const uint64_t *recalls)
{
    if (store_is_dash(owner)) { /* an 'inbox' line follows */
        l->bad = token != 0 || bits_count(recalls, ALLOT_SEGMENT_IDS_MAX) != 0;
        return;
    }
    allot_uuid id;
    store_slot *slot = uuid_from_text(owner.data, owner.len, &id) ? store_slot_find(l->s, &id) : NULL;
    if (slot == NULL || token == 0) {
        l->bad = true;
        return;
    }
    store_segment_to_share(l->s, g, slot, token);
    for (uint32_t i = 0; i < ALLOT_SEGMENT_IDS_MAX; i++) {
        if (!bits_test(recalls, i))
            continue;
        if (store_segment_has(g, i))
            store_segment_recall(g, i);
        else
            l->bad = true;
    }
}

/* A base that is not what the number gives it anyhow. */
static uint64_t take_base(store_line *l, uint64_t number)
{
    allot_bytes field = store_take_field(l);
    if (store_is_dash(field))
        return store_segment_fresh_base(number);
    uint64_t base = store_number_of(l, field, store_segment_fresh_base(STORE_NUMBER_END));
    if (base == store_segment_fresh_base(number))
        l->bad = true;
    return base;
}

static int load_segment(store_line *l)
{
    store *s = l->s;
    store_scratch *scratch = &s->scratch;
    uint64_t recalls[ALLOT_SEGMENT_IDS_MAX / 64];
    if (array_reserve((void **)&scratch->new_ids, &scratch->new_ids_capacity, ALLOT_SEGMENT_IDS_MAX,
                      sizeof(scratch->new_ids[0])) != 0)
        return ALLOT_E_NOMEM;
    uint64_t number = store_take_number(l, s->segment + 1);
    uint64_t base = take_base(l, number);
    allot_bytes owner = store_take_field(l);
    uint64_t token = store_take_number(l, s->token + 1);
    store_take_bits(l, recalls, sizeof(recalls) / sizeof(recalls[0]));
    bool with_payloads = store_take_number(l, 2) != 0;
    uint32_t count = take_ids(l, with_payloads, scratch->new_ids);
    size_t len = s->segments.len;
    if (l->bad || l->at != l->end || number == 0 || (len > 0 && s->segments.entries[len - 1].number >= number)) {
        l->bad = true;
        return 0;
    }
    store_segment *g = NULL;
    int rc = make_segment(l, number, with_payloads, scratch->new_ids, count, &g);
    if (rc != 0 || g == NULL || l->bad)
        return rc;
    g->base = base;
    place_segment(l, g, owner, token, recalls);
    return 0;
}

static int load_inbox(store_line *l)
{
    store *s = l->s;
    uint64_t order = store_take_number(l, s->inbox_order + 1);
    store_segment *g = store_segment_in(s, store_take_number(l, s->segment + 1), NULL);
    size_t len = s->inbox.len;
    bool in_order = order > 0 && (len == 0 || s->inbox.entries[len - 1].number < order);
    if (l->bad || !in_order || g == NULL || g->inbox_order != 0) {
        l->bad = true;
        return 0;
    }
    return store_segment_to_inbox_at(s, g, order);
}

static int load_parked(store_line *l)
{
    store *s = l->s;
    uint64_t where;
    uint64_t order = store_take_number(l, s->parked_order + 1);
    int64_t due_us = store_take_signed(l);
    allot_bytes id = store_take_text(l);
    allot_bytes payload = store_take_text(l);
    size_t len = s->parked.len;
    bool in_order = order > 0 && (len == 0 || s->parked.entries[len - 1].number < order);
    if (l->bad || !in_order || !id_is_valid(id) || payload.len > ALLOT_PAYLOAD_BYTES_MAX ||
        index_get(&s->ids, id.data, id.len, &where)) {
        l->bad = true;
        return 0;
    }
    return store_park_at(s, id, payload, due_us, order);
}

static int load_fail(store_line *l)
{
    uint32_t attempts = (uint32_t)store_take_number(l, UINT64_C(1) << 32);
    allot_bytes id = store_take_text(l);
    allot_bytes reason = store_take_text(l);
    uint64_t where;
    if (l->bad || attempts == 0 || !text_is_valid(reason, ALLOT_REASON_BYTES_MAX) ||
        !index_get(&l->s->ids, id.data, id.len, &where) || store_fail_find(l->s, id) != NULL) {
        l->bad = true;
        return 0;
    }
    return store_fail_count(l->s, id, reason, attempts, &attempts);
}

/* ---- lines ------------------------------------------------------------------------------------------------------ */

/* Which records may come when: `loaded` grows from record to record. */
typedef struct record {
    const char *word;
    int from, to; /* allowed while loaded is in this range */
    int then;     /* loaded afterwards; 0: as it was */
    int (*load)(store_line *l);
} record;

static const record records[] = {
    {"life", 0, 0, 1, load_life},       {"counters", 1, 1, 2, load_counters}, {"leader", 2, 2, 3, load_leader},
    {"slot", 3, 4, 4, load_slot},       {"working", 4, 4, 0, load_working},   {"outcome", 4, 5, 0, load_outcome},
    {"session", 3, 5, 5, load_session}, {"segment", 3, 6, 6, load_segment},   {"inbox", 6, 7, 7, load_inbox},
    {"parked", 3, 8, 8, load_parked},   {"fail", 6, 9, 9, load_fail},
};

static const record *record_of(const store *s, const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        const record *r = &records[i];
        if (strlen(r->word) == len && memcmp(r->word, word, len) == 0)
            return s->loaded >= r->from && s->loaded <= r->to ? r : NULL;
    }
    return NULL;
}

static int damaged(allot_error *ret_error, const char *text, size_t len)
{
    if (ret_error != NULL) {
        ret_error->code = ALLOT_E_DAMAGED;
        snprintf(ret_error->message, sizeof(ret_error->message), "not a record of a store, or not in its place: '%.*s'",
                 len > 60 ? 60 : (int)len, text);
    }
    return ALLOT_E_DAMAGED;
}

static int nomem(allot_error *ret_error)
{
    if (ret_error != NULL) {
        ret_error->code = ALLOT_E_NOMEM;
        snprintf(ret_error->message, sizeof(ret_error->message), "%s", "out of memory");
    }
    return ALLOT_E_NOMEM;
}

int store_load(store *s, const char *text, size_t len, allot_error *ret_error)
{
    const char *space = memchr(text, ' ', len);
    const record *r = space == NULL ? NULL : record_of(s, text, (size_t)(space - text));
    if (r == NULL || len >= UINT32_MAX)
        return damaged(ret_error, text, len);
    store_line l = {.s = s, .at = space, .end = text + len};
    int rc = bytes_reserve(&l.text, len) == 0 ? r->load(&l) : ALLOT_E_NOMEM;
    bytes_done(&l.text);
    if (rc != 0)
        return nomem(ret_error);
    if (l.bad || l.at != l.end)
        return damaged(ret_error, text, len);
    if (r->then != 0)
        s->loaded = r->then;
    return 0;
}
