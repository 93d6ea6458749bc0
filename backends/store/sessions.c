/* sessions.c - what makes sending again harmless (rule 3): the last outcomes of each session. */
#include "backends/store/internal.h"
#include "base/mutants.h"
#include "base/uuid_text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static store_session *session_of(uint64_t value)
{
    return (store_session *)(uintptr_t)value;
}

static bool same_session(const void *context, uint64_t value, const void *key, size_t key_len)
{
    (void)context;
    return key_len == sizeof(allot_uuid) && memcmp(&session_of(value)->id, key, key_len) == 0;
}

void store_sessions_init(store *s)
{
    index_init(&s->sessions, same_session, NULL);
}

/* ---- memory ----------------------------------------------------------------------------------------------------- */

void store_memory_done(store_memory *m)
{
    free(m->outcomes);
    *m = (store_memory){0};
}

static const allot_outcome *find_outcome(const store_memory *m, uint64_t sequence)
{
    for (size_t i = m->count; i > 0 && m->outcomes[i - 1].sequence >= sequence; i--)
        if (m->outcomes[i - 1].sequence == sequence)
            return &m->outcomes[i - 1].outcome;
    return NULL;
}

static bool is_stale(const store_memory *m, uint64_t sequence)
{
    uint64_t window = MUTANT(session_window_small) ? 8 : STORE_SESSION_WINDOW;
    return m->count > 0 && sequence + window <= m->outcomes[m->count - 1].sequence;
}

static void forget_stale(store_memory *m)
{
    size_t gone = 0;
    while (gone < m->count && is_stale(m, m->outcomes[gone].sequence))
        gone++;
    if (gone == 0)
        return;
    m->count -= gone;
    memmove(m->outcomes, m->outcomes + gone, m->count * sizeof(m->outcomes[0]));
}

int store_memory_put(store_memory *m, uint64_t sequence, const allot_outcome *outcome)
{
    if (array_reserve((void **)&m->outcomes, &m->capacity, m->count + 1, sizeof(m->outcomes[0])) != 0)
        return ALLOT_E_NOMEM;
    size_t at = m->count;
    while (at > 0 && m->outcomes[at - 1].sequence >= sequence)
        at--;
    if (at == m->count || m->outcomes[at].sequence != sequence) {
        memmove(m->outcomes + at + 1, m->outcomes + at, (m->count - at) * sizeof(m->outcomes[0]));
        m->count++;
    }
    m->outcomes[at] = (store_outcome){.sequence = sequence, .outcome = *outcome};
    forget_stale(m);
    return 0;
}

/* ---- sessions without a slot ------------------------------------------------------------------------------------ */

static bool ends_before(const store_session *a, const store_session *b)
{
    if (a->not_after_us != b->not_after_us)
        return a->not_after_us < b->not_after_us;
    return memcmp(&a->id, &b->id, sizeof(a->id)) < 0;
}

static void link_by_end(store *s, store_session *session)
{
    store_session *before = s->last_session;
    while (before != NULL && ends_before(session, before))
        before = before->prev;
    session->prev = before;
    session->next = before == NULL ? s->first_session : before->next;
    *(session->prev == NULL ? &s->first_session : &session->prev->next) = session;
    *(session->next == NULL ? &s->last_session : &session->next->prev) = session;
}

static void unlink_session(store *s, store_session *session)
{
    *(session->prev == NULL ? &s->first_session : &session->prev->next) = session->next;
    *(session->next == NULL ? &s->last_session : &session->next->prev) = session->prev;
}

static void session_free(store_session *session)
{
    store_memory_done(&session->memory);
    free(session);
}

void store_sessions_done(store *s)
{
    for (store_session *x = s->first_session, *next; x != NULL; x = next) {
        next = x->next;
        session_free(x);
    }
    s->first_session = s->last_session = NULL;
    index_done(&s->sessions);
}

store_session *store_session_find(const store *s, const allot_uuid *id)
{
    uint64_t value;
    return index_get(&s->sessions, id, sizeof(*id), &value) ? session_of(value) : NULL;
}

int store_session_add(store *s, const allot_uuid *id, int64_t not_after_us, store_session **ret_session)
{
    store_session *session = calloc(1, sizeof(*session));
    if (session == NULL)
        return ALLOT_E_NOMEM;
    session->id = *id;
    session->not_after_us = not_after_us;
    if (index_put(&s->sessions, &session->id, sizeof(session->id), (uint64_t)(uintptr_t)session) != 0) {
        free(session);
        return ALLOT_E_NOMEM;
    }
    link_by_end(s, session);
    *ret_session = session;
    return 0;
}

/* Sessions past their end are forgotten when the next op without a slot comes. */
static void forget_ended(store_turn *t)
{
    store *s = t->s;
    while (s->first_session != NULL && s->first_session->not_after_us < t->now_us) {
        store_session *ended = s->first_session;
        index_remove(&s->sessions, &ended->id, sizeof(ended->id));
        unlink_session(s, ended);
        session_free(ended);
        t->effects->changed = true;
    }
}

/* ---- the gate --------------------------------------------------------------------------------------------------- */

/* A campaign's first outcome is true only while that leadership is held; otherwise it is judged anew. */
static bool still_true(const store_turn *t, const allot_outcome *outcome)
{
    if (t->op->kind != ALLOT_OP_CAMPAIGN || outcome->status != ALLOT_STATUS_OK)
        return true;
    return outcome->term == t->s->term && store_leading(t->s, t->now_us) == t->slot;
}

static bool refuse_for_good(store_turn *t, allot_reason reason)
{
    store_refuse(t, reason);
    return true;
}

/* §1: a slot that is over never comes back, not even by a join that was under way for long. Until the join's not-after
 * a reaped slot's name is kept as a session; past it the join is refused for being late. */
static bool join_comes_late(store_turn *t)
{
    forget_ended(t);
    if (store_session_find(t->s, &t->op->slot) != NULL)
        return refuse_for_good(t, ALLOT_REFUSED_GONE);
    int64_t not_after_us = t->op->not_after_us;
    return not_after_us != 0 && not_after_us < t->now_us && refuse_for_good(t, ALLOT_REFUSED_STALE);
}

int store_session_outlives(store *s, const store_slot *slot, int64_t now_us)
{
    store_session *session;
    if (slot->not_after_us < now_us || store_session_find(s, &slot->id) != NULL || MUTANT(late_join_revives))
        return 0;
    return store_session_add(s, &slot->id, slot->not_after_us, &session);
}

static bool memory_decides(store_turn *t, const store_memory *m)
{
    const allot_outcome *first = find_outcome(m, t->op->sequence);
    if (first != NULL && still_true(t, first)) {
        t->outcome = *first;
        return true;
    }
    bool stale = is_stale(m, t->op->sequence) && !MUTANT(applied_past_window);
    return stale && refuse_for_good(t, ALLOT_REFUSED_STALE);
}

static bool decides_without_slot(store_turn *t)
{
    if (MUTANT(ack_without_fence) && t->op->kind == ALLOT_OP_ACK)
        return false;
    return t->op->kind == ALLOT_OP_JOIN ? join_comes_late(t) : refuse_for_good(t, ALLOT_REFUSED_GONE);
}

bool store_session_decides(store_turn *t)
{
    if (!uuid_is_zero(&t->op->slot))
        return t->slot != NULL ? memory_decides(t, &t->slot->memory) : decides_without_slot(t);
    forget_ended(t);
    if (t->op->not_after_us < t->now_us && !MUTANT(late_add_revives))
        return refuse_for_good(t, ALLOT_REFUSED_STALE);
    const store_session *session = store_session_find(t->s, &t->op->session);
    return session != NULL && memory_decides(t, &session->memory);
}

/* Whether the outcome of this op is remembered. */
static bool is_memorable(const store_turn *t)
{
    if (t->outcome.status == ALLOT_STATUS_OK)
        return true;
    allot_reason reason = t->outcome.reason;
    return t->op->kind != ALLOT_OP_CAMPAIGN && reason != ALLOT_REFUSED_GONE && reason != ALLOT_REFUSED_INVALID &&
           reason != ALLOT_REFUSED_STALE && reason != ALLOT_REFUSED_LIMIT;
}

/* The memory that this op belongs to; *ret_memory is NULL when there is none (a join that was refused). */
static int memory_of(store_turn *t, store_memory **ret_memory)
{
    *ret_memory = NULL;
    if (!uuid_is_zero(&t->op->slot)) {
        if (t->slot != NULL)
            *ret_memory = &t->slot->memory;
        return 0;
    }
    store_session *session = store_session_find(t->s, &t->op->session);
    if (session == NULL) {
        if (store_session_add(t->s, &t->op->session, t->op->not_after_us, &session) != 0)
            return ALLOT_E_NOMEM;
    } else if (session->not_after_us < t->op->not_after_us) {
        unlink_session(t->s, session);
        session->not_after_us = t->op->not_after_us;
        link_by_end(t->s, session);
    }
    *ret_memory = &session->memory;
    return 0;
}

int store_session_remembers(store_turn *t)
{
    if (!is_memorable(t))
        return 0;
    store_memory *m;
    int rc = memory_of(t, &m);
    if (rc != 0 || m == NULL)
        return rc;
    t->effects->changed = true;
    return store_memory_put(m, t->op->sequence, &t->outcome);
}
