#include "tests/lib/invariants_model.h"

static void set_in_pool(invariants *m, model_id *id, bool in_pool)
{
    if (id->in_pool != in_pool)
        m->in_pool += in_pool ? 1 : UINT64_MAX;
    id->in_pool = in_pool;
    id->added |= in_pool;
}

/* ---- Terms and tokens (I1, I7) ----------------------------------------------------------------------------------- */

const leadership *model_find_term(const invariants *m, uint64_t term)
{
    for (size_t i = m->term_count; i > 0; i--)
        if (m->terms[i - 1].term == term)
            return &m->terms[i - 1];
    return NULL;
}

static void won(invariants *m, const allot_uuid *slot, uint64_t term)
{
    const leadership *known = model_find_term(m, term);
    uint64_t highest = m->term_count > 0 ? m->terms[m->term_count - 1].term : 0;
    if (known != NULL && !uuid_equal(&known->slot, slot))
        model_breach(m, "I1: term %llu was won by slot %04x and by slot %04x", (unsigned long long)term,
                     model_brief(&known->slot), model_brief(slot));
    if (known == NULL && term <= highest)
        model_breach(m, "I1: term %llu was won after term %llu", (unsigned long long)term, (unsigned long long)highest);
    if (known != NULL && term != highest && m->leader_known)
        model_breach(m, "I7: term %llu was won again after term %llu", (unsigned long long)term,
                     (unsigned long long)highest);
    if (known == NULL && m->reported && m->now_us < m->lost_us + m->config.shortest_ttl_us)
        model_breach(m,
                     "I3: slot %04x was elected %lld us after a loss of the data that had been reported: no quarantine",
                     model_brief(slot), (long long)(m->now_us - m->lost_us));
    m->led = m->leader_known = true;
    m->present = (leadership){.term = term, .slot = *slot};
    if (known != NULL)
        return;
    MODEL_GROW(m, term);
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
        model_breach(m, "I1: an op of kind %d by slot %04x in term %llu was accepted; it does not lead", (int)op->kind,
                     model_brief(&op->slot), (unsigned long long)op->term);
}

void model_granted(invariants *m, const allot_uuid *slot, uint64_t segment, uint64_t token)
{
    uint64_t at;
    if (token == 0)
        return;
    if (!index_get(&m->by_token, &token, sizeof(token), &at)) {
        MODEL_GROW(m, grant);
        m->grants[m->grant_count] = (grant){.token = token, .segment = segment, .slot = *slot};
        model_must(index_put(&m->by_token, &token, sizeof(token), m->grant_count++));
        return;
    }
    const grant *g = &m->grants[at];
    if (g->segment != segment || !uuid_equal(&g->slot, slot))
        model_breach(m, "I7: token %llu was issued to slot %04x for segment %llu and to slot %04x for segment %llu",
                     (unsigned long long)token, model_brief(&g->slot), (unsigned long long)g->segment,
                     model_brief(slot), (unsigned long long)segment);
}

static void look_at_grants(invariants *m, const allot_op *op, const allot_answer *answer)
{
    const allot_uuid *target = &op->u.read.target;
    if (uuid_is_zero(target))
        return;
    for (uint32_t i = 0; i < answer->segment_count; i++)
        model_granted(m, target, answer->segments[i].segment, answer->segments[i].token);
    for (uint32_t i = 0; i < answer->body_count; i++) {
        const allot_segment_body *b = &answer->bodies[i];
        model_granted(m, target, b->segment, b->token);
        for (uint32_t k = 0; k < b->count; k++) {
            if (bits_test(b->done, k))
                continue;
            model_id *id = &m->ids[invariants_id(m, b->ids[k].id)];
            if (b->token < id->token)
                model_breach(m, "I7: id %s is granted under token %llu after token %llu", id->text.data,
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
        model_breach(m, "I7: the highest token went from %llu to %llu", (unsigned long long)m->store_token,
                     (unsigned long long)view->token);
    if (uuid_equal(&m->life, &view->life) && view->version < m->version)
        model_breach(m, "I7: the version went from %llu to %llu", (unsigned long long)m->version,
                     (unsigned long long)view->version);
    m->life = view->life;
    m->store_token = view->token;
    m->version = view->version;
    const leadership *known = model_find_term(m, view->term);
    if (!uuid_is_zero(&view->leader) && (known == NULL || !uuid_equal(&known->slot, &view->leader)))
        model_breach(m, "I1: the view shows slot %04x in term %llu, which it never won", model_brief(&view->leader),
                     (unsigned long long)view->term);
    if (m->believe)
        return;
    if (view->total != m->in_pool || view->inbox + view->placed + view->parked != view->total)
        model_breach(m, "I5: the view counts %llu ids (%llu + %llu + %llu), the stream %llu",
                     (unsigned long long)view->total, (unsigned long long)view->inbox, (unsigned long long)view->placed,
                     (unsigned long long)view->parked, (unsigned long long)m->in_pool);
}

/* ---- The pool (I2, I4, I5) --------------------------------------------------------------------------------------- */

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
    MODEL_GROW(m, slot);
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

/* A join that comes late, after the reap of its slot, begins a slot of that name anew; one that comes again before,
 * changes nothing. */
static void joined(invariants *m, const allot_uuid *uuid)
{
    known_slot *s = know_slot(m, uuid);
    s->came_back |= s->gone;
    if (s->gone)
        s->dead = s->gone = false;
}

static bool came_back(const invariants *m, const allot_uuid *uuid)
{
    const known_slot *known = find_slot(m, uuid);
    return known != NULL && known->came_back;
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
        model_breach(m, "I5: an add of %u ids says %llu new, %llu present; the stream says %llu new", op->u.add.count,
                     (unsigned long long)outcome->count, (unsigned long long)outcome->skipped,
                     (unsigned long long)new_ids);
}

static void acked(invariants *m, uint32_t id, uint64_t token)
{
    ack_key key = {.token = token, .id = id};
    uint64_t at;
    if (index_get(&m->by_ack, &key, sizeof(key), &at)) {
        m->acks[at].era = m->era;
        return;
    }
    MODEL_GROW(m, ack);
    m->acks[m->ack_count] = (ack){.key = key, .era = m->era};
    model_must(index_put(&m->by_ack, &key, sizeof(key), m->ack_count++));
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
            model_breach(m, "I4: a report (kind %d) of id %s by slot %04x was accepted; the id is not in the pool",
                         (int)op->kind, id->text.data, model_brief(&op->slot));
        if (item->token < id->token)
            model_breach(m, "I4: a report (kind %d) of id %s with token %llu was accepted; it is granted under %llu",
                         (int)op->kind, id->text.data, (unsigned long long)item->token, (unsigned long long)id->token);
        if (is_dead(m, &op->slot))
            model_breach(m, "I4: a report (kind %d) of id %s by the dead slot %04x was accepted", (int)op->kind,
                         id->text.data, model_brief(&op->slot));
        if (op->kind != ALLOT_OP_ACK)
            continue;
        set_in_pool(m, id, false);
        acked(m, (uint32_t)(id - m->ids), item->token);
    }
}

/* By a store that fell back and forgot that it had refused these. */
static void acked_anew(invariants *m, const allot_op *op, const allot_outcome *outcome)
{
    for (uint32_t i = 0; i < op->u.items.count; i++)
        if (op->u.items.items[i].position != ALLOT_ALL && !bits_test(outcome->refused, i))
            acked(m, invariants_id(m, op->u.items.items[i].id), op->u.items.items[i].token);
}

static void cleaned(invariants *m, const allot_outcome *outcome)
{
    if (outcome->count != m->in_pool)
        model_breach(m, "I5: clean removed %llu ids, the pool had %llu", (unsigned long long)outcome->count,
                     (unsigned long long)m->in_pool);
    for (size_t i = 0; i < m->id_count; i++)
        m->ids[i].in_pool = false;
    model_forget_holders(m); /* taken behind their owners' back: by an operator's will, not a breach of I3 */
    m->in_pool = 0;
    m->ever_cleaned = true;
    m->cleaned_token = m->store_token;
}

/* True when the op was applied before; then its answer must be the first one (DESIGN §2, Answers). */
static bool sent_again(invariants *m, const allot_op *op, const allot_outcome *outcome)
{
    spoken_key key = {.session = op->session, .sequence = op->sequence};
    bool remembered = outcome->status == ALLOT_STATUS_OK ||
                      (op->kind != ALLOT_OP_CAMPAIGN && outcome->reason != ALLOT_REFUSED_GONE &&
                       outcome->reason != ALLOT_REFUSED_INVALID && outcome->reason != ALLOT_REFUSED_STALE);
    uint64_t at;
    if (index_get(&m->by_session, &key, sizeof(key), &at)) {
        spoken *s = &m->spoken[at];
        if (!remembered)
            return true;
        if (op->kind == ALLOT_OP_JOIN || op->kind == ALLOT_OP_CAMPAIGN)
            return false;
        if (s->era != m->era) { /* whether the store fell back to a state that remembers this op, we cannot know */
            s->era = m->era;
            s->status = outcome->status;
            s->count = outcome->count;
            s->skipped = outcome->skipped;
            m->believe = true;
            if (op->kind == ALLOT_OP_ACK && outcome->status == ALLOT_STATUS_OK)
                acked_anew(m, op, outcome);
        } else if (s->kind != op->kind)
            model_breach(m, "I4: slot %04x used sequence %llu for ops of kinds %d and %d", model_brief(&op->slot),
                         (unsigned long long)op->sequence, (int)s->kind, (int)op->kind);
        else if (s->status == outcome->status && s->count == outcome->count && s->skipped == outcome->skipped)
            return true;
        else if (came_back(m, &op->session) && op->kind != ALLOT_OP_ADD)
            return false; /* a new session under an old name: tokens and terms must do what it cannot */
        else
            model_breach(m, "I4: op %llu (kind %d) of slot %04x was applied again with another outcome",
                         (unsigned long long)op->sequence, (int)op->kind, model_brief(&op->slot));
        return true;
    }
    if (!remembered)
        return false;
    model_must(array_reserve((void **)&m->spoken, &m->spoken_capacity, m->spoken_count + 1, sizeof(m->spoken[0])));
    m->spoken[m->spoken_count] = (spoken){.key = key,
                                          .kind = op->kind,
                                          .status = outcome->status,
                                          .count = outcome->count,
                                          .skipped = outcome->skipped,
                                          .era = m->era};
    model_must(index_put(&m->by_session, &key, sizeof(key), m->spoken_count++));
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
    case ALLOT_OP_DEAL:
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
        model_breach(m, "I4: the answer to an op of kind %d names kind %d", (int)op->kind, (int)answer->kind);
    if (op->sequence != 0 && sent_again(m, op, &answer->outcome))
        return;
    if (m->era > 0 && op->kind == ALLOT_OP_BEAT && answer->outcome.reason == ALLOT_REFUSED_LIFE &&
        uuid_equal(&op->u.beat.floors.life, &m->lost_life))
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
    m->lost_life = m->life;
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

void invariants_clock_set_ahead(invariants *m, int64_t now_us)
{
    m->now_us = now_us;
    m->lost_us = INT64_MIN / 2; /* a quarantine that has begun ends early, too */
    if (m->lenient_until_us < now_us + m->config.ttl_us)
        m->lenient_until_us = now_us + m->config.ttl_us;
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

static void check_owner(invariants *m, model_id *id, const allot_pool_id *found)
{
    uint64_t at;
    if (found->token < id->token)
        model_breach(m, "I7: id %s is owned under token %llu after token %llu", id->text.data,
                     (unsigned long long)found->token, (unsigned long long)id->token);
    id->token = found->token;
    if (index_get(&m->by_token, &found->token, sizeof(found->token), &at) &&
        !uuid_equal(&m->grants[at].slot, &found->slot))
        model_breach(m, "I7: id %s is in the share of slot %04x under token %llu, which was issued to slot %04x",
                     id->text.data, model_brief(&found->slot), (unsigned long long)found->token,
                     model_brief(&m->grants[at].slot));
}

void invariants_pool_id(invariants *m, const allot_pool_id *found)
{
    model_id *id = &m->ids[invariants_id(m, found->id)];
    if (id->round == m->round)
        model_breach(m, "I2: id %s is in two places", id->text.data);
    id->round = m->round;
    m->seen++;
    if (m->believe)
        set_in_pool(m, id, true);
    else if (!id->in_pool)
        model_breach(m, "I4: id %s is in the pool, although it was acked or cleaned", id->text.data);
    if (found->place == ALLOT_PLACE_SHARE)
        check_owner(m, id, found);
}

void invariants_pool_end(invariants *m)
{
    m->believe = false;
    for (size_t i = 0; m->seen != m->in_pool && i < m->id_count; i++)
        if (m->ids[i].in_pool && m->ids[i].round != m->round)
            model_breach(m, "I5: id %s was added, neither acked nor cleaned, and is not in the pool",
                         m->ids[i].text.data);
}
