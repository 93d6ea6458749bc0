#include "tests/lib/invariants.h"

#include "base/bits.h"
#include "base/bytes.h"
#include "base/index.h"
#include "base/uuid_text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct model_id {
    allot_bytes text;
    uint64_t holders; /* a bit for each replica whose application holds it */
    uint64_t token;   /* the highest seen in an answer since the last loss */
    uint64_t round; /* of the look in which it was seen last */
    uint64_t look;
    uint32_t owner;
    bool in_pool;
    bool added; /* ever */
} model_id;

typedef struct grant {
    uint64_t token;
    uint64_t segment;
    allot_uuid slot;
} grant;

typedef struct spoken_key {
    allot_uuid session;
    uint64_t sequence;
    uint64_t joins; /* of the slot: a session ends with its reap (protocol, rule 3) */
} spoken_key;

typedef struct known_slot {
    allot_uuid uuid;
    bool dead;
    bool gone; /* reaped to the end */
    uint64_t joins;
} known_slot;

typedef struct spoken {
    spoken_key key;
    allot_op_kind kind;
    allot_op_status status;
    uint64_t count, skipped;
    uint64_t era;
} spoken;

typedef struct ack_key {
    uint64_t token;
    uint64_t id;
} ack_key;

typedef struct ack {
    ack_key key;
    uint64_t era; /* losses of the data before it was accepted */
} ack;

typedef struct leadership {
    uint64_t term;
    allot_uuid slot;
} leadership;

struct invariants {
    invariants_config config;
    int64_t now_us;
    char broken[400];
    model_id *ids;
    grant *grants;
    spoken *spoken;
    ack *acks;
    leadership *terms; /* in the order in which they were won */
    known_slot *slots;
    size_t id_count, id_capacity, grant_count, grant_capacity, spoken_count, spoken_capacity;
    size_t ack_count, ack_capacity, term_count, term_capacity, slot_count, slot_capacity;
    index_table by_text, by_token, by_session, by_ack;
    allot_uuid life;
    leadership present;
    bool led;          /* `present` is held as far as the stream shows */
    bool leader_known; /* false after a loss, until somebody wins */
    uint64_t in_pool, seen, round, look, era;
    uint32_t leader; /* of this look */
    uint64_t left;   /* a bit for each replica that was told so */
    bool believe; /* the next look at the pool is the truth */
    uint64_t store_token, version, cleaned_token;
    int64_t lenient_until_us;
    bool lenient_until_new_life, loss_unnoticed;
    int64_t lost_us;
    bool reported; /* somebody has told the store, since its last loss, that it knew an earlier life */
};

/* ---- Helpers -------------------------------------------------------------------------------------------------------- */

static void breach(invariants *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void breach(invariants *m, const char *format, ...)
{
    if (m->broken[0] != '\0')
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(m->broken, sizeof(m->broken), format, args);
    va_end(args);
}

static void must(int rc)
{
    if (rc == 0)
        return;
    fputs("invariants: out of memory\n", stderr);
    abort();
}

#define GROW(m, what) must(array_reserve((void **)&(m)->what##s, &(m)->what##_capacity, (m)->what##_count + 1, \
                                         sizeof((m)->what##s[0])))

static unsigned brief(const allot_uuid *u)
{
    return (unsigned)u->bytes[0] << 8 | u->bytes[1];
}

static bool text_equal(const void *context, uint64_t value, const void *key, size_t len)
{
    const invariants *m = context;
    const allot_bytes *text = &m->ids[value].text;
    return text->len == len && memcmp(text->data, key, len) == 0;
}

static bool token_equal(const void *context, uint64_t value, const void *key, size_t len)
{
    const invariants *m = context;
    return memcmp(&m->grants[value].token, key, len) == 0;
}

static bool session_equal(const void *context, uint64_t value, const void *key, size_t len)
{
    const invariants *m = context;
    return memcmp(&m->spoken[value].key, key, len) == 0;
}

static bool ack_equal(const void *context, uint64_t value, const void *key, size_t len)
{
    const invariants *m = context;
    return memcmp(&m->acks[value].key, key, len) == 0;
}

invariants *invariants_new(const invariants_config *config)
{
    assert(config->replicas <= INVARIANTS_REPLICAS_MAX);
    invariants *m = calloc(1, sizeof(*m));
    must(m == NULL);
    m->config = *config;
    m->leader_known = true;
    m->lenient_until_us = INT64_MIN;
    index_init(&m->by_text, text_equal, m);
    index_init(&m->by_token, token_equal, m);
    index_init(&m->by_session, session_equal, m);
    index_init(&m->by_ack, ack_equal, m);
    return m;
}

void invariants_free(invariants *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->id_count; i++)
        free((char *)m->ids[i].text.data);
    free(m->ids);
    free(m->grants);
    free(m->spoken);
    free(m->acks);
    free(m->terms);
    free(m->slots);
    index_done(&m->by_text);
    index_done(&m->by_token);
    index_done(&m->by_session);
    index_done(&m->by_ack);
    free(m);
}

const char *invariants_broken(const invariants *m)
{
    return m->broken[0] != '\0' ? m->broken : NULL;
}

uint32_t invariants_id(invariants *m, allot_bytes id)
{
    uint64_t found;
    if (index_get(&m->by_text, id.data, id.len, &found))
        return (uint32_t)found;
    GROW(m, id);
    char *text = malloc(id.len + 1u);
    must(text == NULL);
    memcpy(text, id.data, id.len);
    text[id.len] = '\0';
    m->ids[m->id_count] = (model_id){.text = {.data = text, .len = id.len}};
    must(index_put(&m->by_text, text, id.len, m->id_count));
    return (uint32_t)m->id_count++;
}

allot_bytes invariants_text(const invariants *m, uint32_t id)
{
    assert(id < m->id_count);
    return m->ids[id].text;
}

uint32_t invariants_id_count(const invariants *m)
{
    return (uint32_t)m->id_count;
}

bool invariants_in_pool(const invariants *m, uint32_t id)
{
    return m->ids[id].in_pool;
}

uint64_t invariants_pool_size(const invariants *m)
{
    return m->in_pool;
}

uint64_t invariants_term_count(const invariants *m)
{
    return m->term_count;
}

bool invariants_holds(const invariants *m, uint32_t replica, uint32_t id)
{
    return (m->ids[id].holders >> replica) & 1u;
}

static void set_in_pool(invariants *m, model_id *id, bool in_pool)
{
    if (id->in_pool != in_pool)
        m->in_pool += in_pool ? 1 : UINT64_MAX;
    id->in_pool = in_pool;
    id->added |= in_pool;
}

/* After a loss of the data, overlaps are excused for a while: DESIGN §2, I3. */
static bool lenient(const invariants *m)
{
    return m->lenient_until_new_life || m->now_us < m->lenient_until_us;
}

/* ---- Terms and tokens (I1, I7) -------------------------------------------------------------------------------------- */

static const leadership *find_term(const invariants *m, uint64_t term)
{
    for (size_t i = m->term_count; i > 0; i--)
        if (m->terms[i - 1].term == term)
            return &m->terms[i - 1];
    return NULL;
}

static void won(invariants *m, const allot_uuid *slot, uint64_t term)
{
    const leadership *known = find_term(m, term);
    uint64_t highest = m->term_count > 0 ? m->terms[m->term_count - 1].term : 0;
    if (known != NULL && !uuid_equal(&known->slot, slot))
        breach(m, "I1: term %llu was won by slot %04x and by slot %04x", (unsigned long long)term, brief(&known->slot),
               brief(slot));
    if (known == NULL && term <= highest)
        breach(m, "I1: term %llu was won after term %llu", (unsigned long long)term, (unsigned long long)highest);
    if (known != NULL && term != highest && m->leader_known)
        breach(m, "I7: term %llu was won again after term %llu", (unsigned long long)term, (unsigned long long)highest);
    if (known == NULL && m->reported && m->now_us < m->lost_us + m->config.shortest_ttl_us)
        breach(m, "I3: slot %04x was elected %lld us after a loss of the data that had been reported: no quarantine",
               brief(slot), (long long)(m->now_us - m->lost_us));
    m->led = m->leader_known = true;
    m->present = (leadership){.term = term, .slot = *slot};
    if (known != NULL)
        return;
    GROW(m, term);
    m->terms[m->term_count++] = m->present;
}

static bool leads_now(const invariants *m, const allot_uuid *slot)
{
    return m->led && uuid_equal(&m->present.slot, slot);
}

static void freed(invariants *m, const allot_uuid *slot)
{
    if (leads_now(m, slot))
        m->led = false;
}

static void check_leader_op(invariants *m, const allot_op *op)
{
    if (!m->leader_known)
        return;
    if (!leads_now(m, &op->slot) || m->present.term != op->term)
        breach(m, "I1: an op of kind %d by slot %04x in term %llu was accepted; it does not lead", (int)op->kind,
               brief(&op->slot), (unsigned long long)op->term);
}

static void granted(invariants *m, const allot_uuid *slot, uint64_t segment, uint64_t token)
{
    uint64_t at;
    if (token == 0)
        return;
    if (!index_get(&m->by_token, &token, sizeof(token), &at)) {
        GROW(m, grant);
        m->grants[m->grant_count] = (grant){.token = token, .segment = segment, .slot = *slot};
        must(index_put(&m->by_token, &token, sizeof(token), m->grant_count++));
        return;
    }
    const grant *g = &m->grants[at];
    if (g->segment != segment || !uuid_equal(&g->slot, slot))
        breach(m, "I7: token %llu was issued to slot %04x for segment %llu and to slot %04x for segment %llu",
               (unsigned long long)token, brief(&g->slot), (unsigned long long)g->segment, brief(slot),
               (unsigned long long)segment);
}

static void look_at_grants(invariants *m, const allot_op *op, const allot_answer *answer)
{
    const allot_uuid *target = &op->u.read.target;
    if (uuid_is_zero(target))
        return;
    for (uint32_t i = 0; i < answer->segment_count; i++)
        granted(m, target, answer->segments[i].segment, answer->segments[i].token);
    for (uint32_t i = 0; i < answer->body_count; i++) {
        const allot_segment_body *b = &answer->bodies[i];
        granted(m, target, b->segment, b->token);
        for (uint32_t k = 0; k < b->count; k++) {
            if (bits_test(b->done, k))
                continue;
            model_id *id = &m->ids[invariants_id(m, b->ids[k].id)];
            if (b->token < id->token)
                breach(m, "I7: id %s is granted under token %llu after token %llu", id->text.data,
                       (unsigned long long)b->token, (unsigned long long)id->token);
            id->token = b->token;
        }
    }
}

static void look_at_view(invariants *m, const allot_view *view)
{
    if (!uuid_equal(&m->life, &view->life))
        m->loss_unnoticed = false;
    if (!m->loss_unnoticed && m->lenient_until_new_life) {
        m->lenient_until_new_life = false;
        m->lenient_until_us = m->now_us + m->config.ttl_us;
    }
    if (uuid_equal(&m->life, &view->life) && view->token < m->store_token)
        breach(m, "I7: the highest token went from %llu to %llu", (unsigned long long)m->store_token,
               (unsigned long long)view->token);
    if (uuid_equal(&m->life, &view->life) && view->version < m->version)
        breach(m, "I7: the version went from %llu to %llu", (unsigned long long)m->version,
               (unsigned long long)view->version);
    m->life = view->life;
    m->store_token = view->token;
    m->version = view->version;
    const leadership *known = find_term(m, view->term);
    if (!uuid_is_zero(&view->leader) && (known == NULL || !uuid_equal(&known->slot, &view->leader)))
        breach(m, "I1: the view shows slot %04x in term %llu, which it never won", brief(&view->leader),
               (unsigned long long)view->term);
    if (m->believe)
        return;
    if (view->total != m->in_pool || view->inbox + view->placed + view->parked != view->total)
        breach(m, "I5: the view counts %llu ids (%llu + %llu + %llu), the stream %llu", (unsigned long long)view->total,
               (unsigned long long)view->inbox, (unsigned long long)view->placed, (unsigned long long)view->parked,
               (unsigned long long)m->in_pool);
}

/* ---- The pool (I2, I4, I5) ------------------------------------------------------------------------------------------ */

static known_slot *find_slot(const invariants *m, const allot_uuid *uuid)
{
    for (size_t i = m->slot_count; i > 0; i--)
        if (uuid_equal(&m->slots[i - 1].uuid, uuid))
            return &m->slots[i - 1];
    return NULL;
}

static known_slot *know_slot(invariants *m, const allot_uuid *uuid)
{
    known_slot *known = find_slot(m, uuid);
    if (known != NULL)
        return known;
    GROW(m, slot);
    m->slots[m->slot_count] = (known_slot){.uuid = *uuid};
    return &m->slots[m->slot_count++];
}

static bool is_dead(const invariants *m, const allot_uuid *uuid)
{
    const known_slot *known = find_slot(m, uuid);
    return known != NULL && known->dead;
}

bool invariants_is_reaped(const invariants *m, const allot_uuid *uuid)
{
    const known_slot *known = find_slot(m, uuid);
    return known != NULL && known->gone;
}

static void died(invariants *m, const allot_uuid *uuid)
{
    freed(m, uuid);
    know_slot(m, uuid)->dead = true;
}

/* A join that comes late, after the reap of its slot, begins a slot of that name anew. */
static void joined(invariants *m, const allot_uuid *uuid)
{
    known_slot *s = know_slot(m, uuid);
    s->dead = s->gone = false;
    s->joins++;
}

static void added(invariants *m, const allot_op *op, const allot_outcome *outcome)
{
    uint64_t new_ids = 0;
    for (uint32_t i = 0; i < op->u.add.count; i++) {
        uint32_t at = invariants_id(m, op->u.add.ids[i].id);
        new_ids += !m->ids[at].in_pool;
        set_in_pool(m, &m->ids[at], true);
    }
    if (new_ids != outcome->count || op->u.add.count - new_ids != outcome->skipped)
        breach(m, "I5: an add of %u ids says %llu new, %llu present; the stream says %llu new", op->u.add.count,
               (unsigned long long)outcome->count, (unsigned long long)outcome->skipped, (unsigned long long)new_ids);
}

static void acked(invariants *m, uint32_t id, uint64_t token)
{
    ack_key key = {.token = token, .id = id};
    uint64_t at;
    if (index_get(&m->by_ack, &key, sizeof(key), &at)) {
        m->acks[at].era = m->era;
        return;
    }
    GROW(m, ack);
    m->acks[m->ack_count] = (ack){.key = key, .era = m->era};
    must(index_put(&m->by_ack, &key, sizeof(key), m->ack_count++));
}

/* release, ack, fail */
static void reported(invariants *m, const allot_op *op, const allot_outcome *outcome)
{
    for (uint32_t i = 0; i < op->u.items.count; i++) {
        const allot_item *item = &op->u.items.items[i];
        if (item->position == ALLOT_ALL || bits_test(outcome->refused, i))
            continue;
        model_id *id = &m->ids[invariants_id(m, item->id)];
        if (!id->in_pool)
            breach(m, "I4: a report (kind %d) of id %s by slot %04x was accepted; the id is not in the pool",
                   (int)op->kind, id->text.data, brief(&op->slot));
        if (item->token < id->token)
            breach(m, "I4: a report (kind %d) of id %s with token %llu was accepted; it is granted under %llu",
                   (int)op->kind, id->text.data, (unsigned long long)item->token, (unsigned long long)id->token);
        if (is_dead(m, &op->slot))
            breach(m, "I4: a report (kind %d) of id %s by the dead slot %04x was accepted", (int)op->kind,
                   id->text.data, brief(&op->slot));
        if (op->kind != ALLOT_OP_ACK)
            continue;
        set_in_pool(m, id, false);
        acked(m, (uint32_t)(id - m->ids), item->token);
    }
}

static void cleaned(invariants *m, const allot_outcome *outcome)
{
    if (outcome->count != m->in_pool)
        breach(m, "I5: clean removed %llu ids, the pool had %llu", (unsigned long long)outcome->count,
               (unsigned long long)m->in_pool);
    for (size_t i = 0; i < m->id_count; i++) {
        m->ids[i].in_pool = false;
        m->ids[i].holders = 0; /* taken behind its owner's back: by an operator's will, not a breach of I3 */
    }
    m->in_pool = 0;
    m->cleaned_token = m->store_token;
}

/* True when the op was applied before; then its answer must be the first one (DESIGN §2, Answers). */
static bool sent_again(invariants *m, const allot_op *op, const allot_outcome *outcome)
{
    const known_slot *speaker = find_slot(m, &op->session);
    spoken_key key = {.session = op->session, .sequence = op->sequence, .joins = speaker != NULL ? speaker->joins : 0};
    if (op->kind == ALLOT_OP_JOIN) /* what follows in its session is known under the number that it begins */
        key.joins += speaker == NULL || speaker->gone;
    bool remembered = outcome->status == ALLOT_STATUS_OK ||
                      (op->kind != ALLOT_OP_CAMPAIGN && outcome->reason != ALLOT_REFUSED_GONE &&
                       outcome->reason != ALLOT_REFUSED_INVALID && outcome->reason != ALLOT_REFUSED_STALE);
    uint64_t at;
    if (index_get(&m->by_session, &key, sizeof(key), &at)) {
        spoken *s = &m->spoken[at];
        if (s->era != m->era) { /* whether the store fell back to a state that remembers this op, we cannot know */
            s->era = m->era;
            s->status = outcome->status;
            s->count = outcome->count;
            s->skipped = outcome->skipped;
            m->believe = true;
        } else if (s->kind != op->kind)
            breach(m, "I4: slot %04x used sequence %llu for ops of kinds %d and %d", brief(&op->slot),
                   (unsigned long long)op->sequence, (int)s->kind, (int)op->kind);
        else if (remembered && op->kind != ALLOT_OP_CAMPAIGN &&
                 (s->status != outcome->status || s->count != outcome->count || s->skipped != outcome->skipped))
            breach(m, "I4: op %llu (kind %d) of slot %04x was applied again with another outcome",
                   (unsigned long long)op->sequence, (int)op->kind, brief(&op->slot));
        return op->kind != ALLOT_OP_CAMPAIGN;
    }
    if (!remembered)
        return false;
    must(array_reserve((void **)&m->spoken, &m->spoken_capacity, m->spoken_count + 1, sizeof(m->spoken[0])));
    m->spoken[m->spoken_count] = (spoken){.key = key,
                                          .kind = op->kind,
                                          .status = outcome->status,
                                          .count = outcome->count,
                                          .skipped = outcome->skipped,
                                          .era = m->era};
    must(index_put(&m->by_session, &key, sizeof(key), m->spoken_count++));
    return false;
}

static void changed(invariants *m, const allot_op *op, const allot_outcome *outcome)
{
    switch (op->kind) {
    case ALLOT_OP_CAMPAIGN:
        won(m, &op->slot, outcome->term);
        break;
    case ALLOT_OP_JOIN:
        joined(m, &op->slot);
        break;
    case ALLOT_OP_RESIGN:
    case ALLOT_OP_LEAVE:
        freed(m, &op->slot);
        break;
    case ALLOT_OP_ADD:
        added(m, op, outcome);
        break;
    case ALLOT_OP_RELEASE:
    case ALLOT_OP_ACK:
    case ALLOT_OP_FAIL:
        reported(m, op, outcome);
        break;
    case ALLOT_OP_CLEAN:
        cleaned(m, outcome);
        break;
    case ALLOT_OP_REAP:
        check_leader_op(m, op);
        died(m, &op->u.target.target);
        know_slot(m, &op->u.target.target)->gone |= outcome->more == 0;
        break;
    case ALLOT_OP_ASSIGN:
    case ALLOT_OP_RECALL:
    case ALLOT_OP_RETIRE:
    case ALLOT_OP_PUBLISH:
        check_leader_op(m, op);
        break;
    case ALLOT_OP_UNPARK:
        if (op->term != 0)
            check_leader_op(m, op);
        break;
    default:
        break;
    }
}

void invariants_applied(invariants *m, int64_t now_us, const allot_op *op, const allot_answer *answer)
{
    m->now_us = now_us;
    if (answer->cookie != op->cookie || answer->kind != op->kind)
        breach(m, "I4: the answer to an op of kind %d names kind %d", (int)op->kind, (int)answer->kind);
    if (op->sequence != 0 && sent_again(m, op, &answer->outcome))
        return;
    if (m->era > 0 && op->kind == ALLOT_OP_BEAT && answer->outcome.reason == ALLOT_REFUSED_LIFE)
        m->reported = true;
    if (answer->outcome.status != ALLOT_STATUS_OK)
        return;
    if (op->kind == ALLOT_OP_BEAT || op->kind == ALLOT_OP_READ_VIEW)
        look_at_view(m, answer->view);
    else if (op->kind == ALLOT_OP_READ_SHARE || op->kind == ALLOT_OP_READ_SEGMENTS)
        look_at_grants(m, op, answer);
    else
        changed(m, op, &answer->outcome);
}

void invariants_proved_dead(invariants *m, const allot_uuid *slot)
{
    died(m, slot);
}

void invariants_lost_data(invariants *m, int64_t now_us, bool strict)
{
    m->now_us = now_us;
    m->era++;
    m->lost_us = now_us;
    m->reported = false;
    for (size_t i = 0; i < m->slot_count; i++)
        m->slots[i].dead = m->slots[i].gone = false;
    m->led = m->leader_known = false;
    m->store_token = m->version = 0;
    for (size_t i = 0; i < m->id_count; i++)
        m->ids[i].token = 0;
    m->believe = m->loss_unnoticed = true;
    if (strict)
        return;
    m->lenient_until_us = now_us + m->config.ttl_us;
    m->lenient_until_new_life = true;
}

bool invariants_loss_unnoticed(const invariants *m)
{
    return m->loss_unnoticed;
}

bool invariants_unsure(const invariants *m)
{
    return m->believe;
}

void invariants_pool_begin(invariants *m)
{
    m->round++;
    m->seen = 0;
    for (size_t i = 0; m->believe && i < m->id_count; i++)
        set_in_pool(m, &m->ids[i], false);
}

void invariants_pool_id(invariants *m, const allot_pool_id *found)
{
    model_id *id = &m->ids[invariants_id(m, found->id)];
    if (id->round == m->round)
        breach(m, "I2: id %s is in two places", id->text.data);
    id->round = m->round;
    m->seen++;
    if (m->believe)
        set_in_pool(m, id, true);
    else if (!id->in_pool)
        breach(m, "I4: id %s is in the pool, although it was acked or cleaned", id->text.data);
    if (found->place == ALLOT_PLACE_SHARE)
        granted(m, &found->slot, 0, 0);
}

void invariants_pool_end(invariants *m)
{
    m->believe = false;
    for (size_t i = 0; m->seen != m->in_pool && i < m->id_count; i++)
        if (m->ids[i].in_pool && m->ids[i].round != m->round)
            breach(m, "I5: id %s was added, neither acked nor cleaned, and is not in the pool", m->ids[i].text.data);
}

/* ---- Holders and leaders (I1, I3) ----------------------------------------------------------------------------------- */

static void check_sole(invariants *m, uint32_t replica, const model_id *id, uint64_t token)
{
    uint64_t others = id->holders & ~(UINT64_C(1) << replica);
    for (uint32_t i = 0; others != 0 && i < m->config.replicas; i++)
        if (((others >> i) & 1u) && m->config.within_deadline(m->config.user, i) && !lenient(m))
            breach(m, "I3: replica %u gains id %s (token %llu), which replica %u holds within its deadline", replica,
                   id->text.data, (unsigned long long)token, i);
}

static void gained(invariants *m, uint32_t replica, const engine_tell *tell)
{
    granted(m, &tell->slot, tell->ids->segment, tell->ids->token);
    if (tell->ids->token <= m->cleaned_token)
        return;
    if (!m->config.within_deadline(m->config.user, replica))
        breach(m, "I3: replica %u is told ids past its deadline", replica);
    for (uint32_t i = 0; i < tell->ids->count; i++) {
        if (!bits_test(tell->which, i))
            continue;
        model_id *id = &m->ids[invariants_id(m, tell->ids->ids[i].id)];
        if ((id->holders >> replica) & 1u)
            breach(m, "I3: replica %u gains id %s, which it holds", replica, id->text.data);
        check_sole(m, replica, id, tell->ids->token);
        id->holders |= UINT64_C(1) << replica;
    }
}

void invariants_stopped(invariants *m, uint32_t replica, uint32_t id)
{
    m->ids[id].holders &= ~(UINT64_C(1) << replica);
}

void invariants_resumed(invariants *m, uint32_t replica, uint32_t id, uint64_t token)
{
    if (token <= m->cleaned_token)
        return;
    check_sole(m, replica, &m->ids[id], token);
    m->ids[id].holders |= UINT64_C(1) << replica;
}

void invariants_gone(invariants *m, uint32_t replica)
{
    m->left &= ~(UINT64_C(1) << replica);
    for (uint32_t i = 0; i < m->id_count; i++)
        invariants_stopped(m, replica, i);
}

static void check_holds_nothing(invariants *m, uint32_t replica)
{
    for (uint32_t i = 0; i < m->id_count; i++)
        if (invariants_holds(m, replica, i))
            breach(m, "I3: replica %u is fenced or has left, and was not told that it lost id %s", replica,
                   m->ids[i].text.data);
}

void invariants_told(invariants *m, int64_t now_us, uint32_t replica, const engine_tell *tell)
{
    m->now_us = now_us;
    if (tell->type == ALLOT_EVENT_GAINED)
        gained(m, replica, tell);
    if ((m->left >> replica) & 1u)
        breach(m, "I3: replica %u is told something (type %d) after it was told that it has left", replica,
               (int)tell->type);
    if (tell->type == ALLOT_EVENT_LEFT)
        m->left |= UINT64_C(1) << replica;
    if (tell->type == ALLOT_EVENT_FENCED || tell->type == ALLOT_EVENT_LEFT)
        check_holds_nothing(m, replica);
    if (tell->type != ALLOT_EVENT_LOST)
        return;
    for (uint32_t i = 0; i < tell->ids->count; i++)
        if (bits_test(tell->which, i))
            invariants_stopped(m, replica, invariants_id(m, tell->ids->ids[i].id));
}

void invariants_look_begin(invariants *m, int64_t now_us)
{
    m->now_us = now_us;
    m->look++;
    m->leader = UINT32_MAX;
}

void invariants_leads(invariants *m, uint32_t replica, uint64_t term)
{
    if (find_term(m, term) == NULL)
        breach(m, "I1: replica %u leads in term %llu, which nobody won", replica, (unsigned long long)term);
    if (m->leader != UINT32_MAX && !lenient(m))
        breach(m, "I1: replicas %u and %u both lead within their deadlines", m->leader, replica);
    m->leader = replica;
}

void invariants_owner(invariants *m, uint32_t replica, allot_bytes text, uint64_t token)
{
    if (token <= m->cleaned_token)
        return;
    model_id *id = &m->ids[invariants_id(m, text)];
    if (id->look == m->look && id->owner != replica && !lenient(m))
        breach(m, "I3: replicas %u and %u both own id %s within their deadlines", id->owner, replica, id->text.data);
    id->look = m->look;
    id->owner = replica;
}

void invariants_ack_reported(invariants *m, uint32_t id, uint64_t token, bool accepted)
{
    ack_key key = {.token = token, .id = id};
    uint64_t at;
    bool ever = index_get(&m->by_ack, &key, sizeof(key), &at);
    bool in_this_era = ever && m->acks[at].era == m->era;
    if (accepted ? !ever : in_this_era)
        breach(m, "I4: an ack of id %s (token %llu) was said to be %s; it is not", m->ids[id].text.data,
               (unsigned long long)token, accepted ? "accepted" : "refused");
}

void invariants_add_reported(invariants *m, uint32_t at)
{
    if (!m->ids[at].added)
        breach(m, "I5: id %s was confirmed and never added", m->ids[at].text.data);
}
