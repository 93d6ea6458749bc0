#include "tests/lib/invariants_model.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY UINT32_MAX

void model_breach(invariants *m, const char *format, ...)
{
    if (m->broken[0] != '\0')
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(m->broken, sizeof(m->broken), format, args);
    va_end(args);
}

void model_must(int rc)
{
    if (rc == 0)
        return;
    fputs("invariants: out of memory\n", stderr);
    abort();
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
    invariants *m = calloc(1, sizeof(*m));
    model_must(m == NULL);
    m->config = *config;
    m->left = calloc(config->replicas + 1u, sizeof(m->left[0]));
    model_must(m->left == NULL);
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
    free(m->left);
    free(m->further);
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
    MODEL_GROW(m, id);
    char *text = malloc(id.len + 1u);
    model_must(text == NULL);
    memcpy(text, id.data, id.len);
    text[id.len] = '\0';
    m->ids[m->id_count] = (model_id){.text = {.data = text, .len = id.len}, .holder = NOBODY};
    model_must(index_put(&m->by_text, text, id.len, m->id_count));
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

/* ---- Holders and leaders (I1, I3) -------------------------------------------------------------------------------- */

/* After a loss of the data, overlaps are excused for a while: DESIGN §2, I3. */
static bool lenient(const invariants *m)
{
    return m->lenient_until_new_life || m->now_us < m->lenient_until_us;
}

/* Where the id's next further holder stands, from `at` on; further_count: there is none. */
static size_t next_further(const invariants *m, uint32_t id, size_t at)
{
    while (at < m->further_count && m->further[at].id != id)
        at++;
    return at;
}

bool invariants_holds(const invariants *m, uint32_t replica, uint32_t id)
{
    size_t at = 0;
    if (m->ids[id].holder == replica)
        return true;
    while ((at = next_further(m, id, at)) < m->further_count && m->further[at].replica != replica)
        at++;
    return at < m->further_count;
}

static void hold(invariants *m, uint32_t replica, uint32_t id)
{
    if (invariants_holds(m, replica, id))
        return;
    if (m->ids[id].holder == NOBODY) {
        m->ids[id].holder = replica;
        return;
    }
    model_must(array_reserve((void **)&m->further, &m->further_capacity, m->further_count + 1, sizeof(m->further[0])));
    m->further[m->further_count++] = (held){.id = id, .replica = replica};
}

void invariants_stopped(invariants *m, uint32_t replica, uint32_t id)
{
    if (m->ids[id].holder == replica) {
        size_t at = next_further(m, id, 0);
        m->ids[id].holder = NOBODY;
        if (at == m->further_count)
            return;
        m->ids[id].holder = m->further[at].replica;
        m->further[at] = m->further[--m->further_count];
        return;
    }
    for (size_t at = 0; (at = next_further(m, id, at)) < m->further_count; at++)
        if (m->further[at].replica == replica) {
            m->further[at] = m->further[--m->further_count];
            return;
        }
}

void model_forget_holders(invariants *m)
{
    for (size_t i = 0; i < m->id_count; i++)
        m->ids[i].holder = NOBODY;
    m->further_count = 0;
}

static void check_other(invariants *m, uint32_t replica, uint32_t id, uint64_t token, uint32_t other)
{
    if (other != NOBODY && other != replica && m->config.within_deadline(m->config.user, other) && !lenient(m))
        model_breach(m, "I3: replica %u gains id %s (token %llu), which replica %u holds within its deadline", replica,
                     m->ids[id].text.data, (unsigned long long)token, other);
}

static void check_sole(invariants *m, uint32_t replica, uint32_t id, uint64_t token)
{
    check_other(m, replica, id, token, m->ids[id].holder);
    for (size_t at = 0; (at = next_further(m, id, at)) < m->further_count; at++)
        check_other(m, replica, id, token, m->further[at].replica);
}

static void gained(invariants *m, uint32_t replica, const engine_tell *tell)
{
    model_granted(m, &tell->slot, tell->ids->segment, tell->ids->token);
    if (tell->ids->token <= m->cleaned_token)
        return;
    if (!m->config.within_deadline(m->config.user, replica))
        model_breach(m, "I3: replica %u is told ids past its deadline", replica);
    for (uint32_t i = 0; i < tell->ids->count; i++) {
        if (!bits_test(tell->which, i))
            continue;
        uint32_t id = invariants_id(m, tell->ids->ids[i].id);
        if (invariants_holds(m, replica, id))
            model_breach(m, "I3: replica %u gains id %s, which it holds", replica, m->ids[id].text.data);
        check_sole(m, replica, id, tell->ids->token);
        hold(m, replica, id);
    }
}

void invariants_resumed(invariants *m, uint32_t replica, uint32_t id, uint64_t token)
{
    if (token <= m->cleaned_token)
        return;
    check_sole(m, replica, id, token);
    hold(m, replica, id);
}

void invariants_gone(invariants *m, uint32_t replica)
{
    m->left[replica] = false;
    for (uint32_t i = 0; i < m->id_count; i++)
        invariants_stopped(m, replica, i);
}

static void check_holds_nothing(invariants *m, uint32_t replica)
{
    for (uint32_t i = 0; i < m->id_count; i++)
        if (invariants_holds(m, replica, i))
            model_breach(m, "I3: replica %u is fenced or has left, and was not told that it lost id %s", replica,
                         m->ids[i].text.data);
}

void invariants_told(invariants *m, int64_t now_us, uint32_t replica, const engine_tell *tell)
{
    m->now_us = now_us;
    if (tell->type == ALLOT_EVENT_GAINED)
        gained(m, replica, tell);
    if (m->left[replica])
        model_breach(m, "I3: replica %u is told something (type %d) after it was told that it has left", replica,
                     (int)tell->type);
    if (tell->type == ALLOT_EVENT_LEFT)
        m->left[replica] = true;
    if (tell->type == ALLOT_EVENT_FENCED || tell->type == ALLOT_EVENT_LEFT)
        check_holds_nothing(m, replica);
    if (tell->type != ALLOT_EVENT_LOST)
        return;
    if (tell->why == ALLOT_WHY_CLEANED && !m->ever_cleaned && m->era == 0 && !lenient(m))
        model_breach(m, "I3: replica %u loses ids within its deadline, and nobody has cleaned the pool", replica);
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
    if (model_find_term(m, term) == NULL)
        model_breach(m, "I1: replica %u leads in term %llu, which nobody won", replica, (unsigned long long)term);
    if (m->leader != UINT32_MAX && !lenient(m))
        model_breach(m, "I1: replicas %u and %u both lead within their deadlines", m->leader, replica);
    m->leader = replica;
}

void invariants_owner(invariants *m, uint32_t replica, allot_bytes text, uint64_t token)
{
    if (token <= m->cleaned_token)
        return;
    model_id *id = &m->ids[invariants_id(m, text)];
    if (id->look == m->look && id->owner != replica && !lenient(m))
        model_breach(m, "I3: replicas %u and %u both own id %s within their deadlines", id->owner, replica,
                     id->text.data);
    id->look = m->look;
    id->owner = replica;
}

void invariants_ack_reported(invariants *m, uint32_t id, uint64_t token, bool accepted)
{
    ack_key key = {.token = token, .id = id};
    uint64_t at;
    bool ever = index_get(&m->by_ack, &key, sizeof(key), &at);
    /* A store that fell back unnoticed may take the same ack twice: by an op that came late, and by another. */
    bool in_this_era = ever && m->acks[at].era == m->era && !m->loss_unnoticed;
    if (accepted ? !ever : in_this_era)
        model_breach(m, "I4: an ack of id %s (token %llu) was said to be %s; it is not", m->ids[id].text.data,
                     (unsigned long long)token, accepted ? "accepted" : "refused");
}

void invariants_add_reported(invariants *m, uint32_t at)
{
    if (!m->ids[at].added)
        model_breach(m, "I5: id %s was confirmed and never added", m->ids[at].text.data);
}
