/* check.c - everything that the store promises itself, looked at from scratch. */
#include "backends/store/internal.h"
#include "base/bits.h"
#include "base/uuid_text.h"

#include <stdio.h>

/* Each check returns NULL, or what is wrong. */
typedef const char *(*check)(const store *s);

/* ---- slots and leadership --------------------------------------------------------------------------------------- */

static const char *check_share(const store_slot *slot)
{
    uint64_t ids = 0;
    uint64_t recalls = 0;
    uint32_t segments = 0;
    const store_segment *before = NULL;
    for (const store_segment *g = slot->first; g != NULL; before = g, g = g->next, segments++) {
        if (g->owner != slot || g->prev != before || g->inbox_order != 0 || g->token == 0)
            return "a segment in a share does not lie in it";
        if (before != NULL && before->number >= g->number)
            return "a share is not in the order of its numbers";
        ids += g->live;
        recalls += g->recalled;
    }
    if (slot->last != before)
        return "a share does not end with its last segment";
    return ids == slot->ids && recalls == slot->recalls && segments == slot->segments ? NULL
                                                                                     : "a slot's counts are wrong";
}

static const char *check_slot(const store *s, const store_slot *slot)
{
    if (store_slot_find(s, &slot->id) != slot)
        return "a slot is not found by its UUID";
    if (slot->age == 0 || slot->age > s->age || numbered_find(&s->slots, slot->age) != slot)
        return "a slot is not found by its age";
    if (slot->state < ALLOT_SLOT_LIVE || slot->state > ALLOT_SLOT_DEAD)
        return "a slot has no state";
    if (slot->ttl_us > s->longest_ttl_us)
        return "a slot's ttl is longer than the longest";
    return check_share(slot);
}

static const char *check_slots(const store *s)
{
    size_t at = 0;
    size_t count = 0;
    const store_slot *slot;
    for (; (slot = numbered_next(&s->slots, &at)) != NULL; count++) {
        const char *wrong = check_slot(s, slot);
        if (wrong != NULL)
            return wrong;
    }
    if (count != s->slots.count || count != s->slot_index.count || count > ALLOT_SLOTS_MAX)
        return "the count of slots is wrong";
    return NULL;
}

static const char *check_leadership(const store *s)
{
    if (uuid_is_zero(&s->leader))
        return NULL;
    const store_slot *slot = store_slot_find(s, &s->leader);
    if (slot == NULL || slot->state != ALLOT_SLOT_LIVE)
        return "the leader is not there, or was retired, has left or is dead";
    return s->term > 0 && uuid_equal(&s->leader, &s->last_leader) ? NULL : "the leader has no term";
}

/* ---- pool ------------------------------------------------------------------------------------------------------- */

static const char *check_ids(const store *s, const store_segment *g)
{
    uint32_t live = 0;
    uint32_t recalled = 0;
    for (uint32_t i = 0; i < g->count; i++) {
        uint64_t where;
        if (!store_segment_has(g, i)) {
            if (bits_test(g->recalls, i))
                return "an id that is done is recalled";
            continue;
        }
        allot_bytes id = store_segment_id(g, i);
        if (!index_get(&s->ids, id.data, id.len, &where) || where != store_where_in_segment(g->number, i))
            return "the index does not say of an id that it is in its segment (I2)";
        live++;
        recalled += bits_test(g->recalls, i);
    }
    if (live == 0)
        return "a segment with nothing left in it is still there";
    return live == g->live && recalled == g->recalled ? NULL : "a segment's counts are wrong";
}

static const char *check_place(const store *s, const store_segment *g)
{
    if (g->number == 0 || g->number > s->segment || store_segment_find(s, g->number) != g)
        return "a segment is not found by its number";
    if (g->owner != NULL)
        return g->inbox_order == 0 && g->token > 0 && g->token <= s->token &&
                       store_slot_find(s, &g->owner->id) == g->owner
                   ? NULL
                   : "a segment in a share has a place in the inbox, or no token, or no owner";
    if (g->inbox_order == 0 || g->inbox_order > s->inbox_order || numbered_find(&s->inbox, g->inbox_order) != g)
        return "a segment lies nowhere";
    return g->token == 0 && g->recalled == 0 ? NULL : "a segment in the inbox has a token or recalls";
}

static const char *check_segments_and(const store *s, const char *(*check_inside)(const store *, const store_segment *))
{
    size_t at = 0;
    uint64_t inbox = 0;
    uint64_t placed = 0;
    size_t inbox_segments = 0;
    const store_segment *g;
    while ((g = numbered_next(&s->segments, &at)) != NULL) {
        const char *wrong = check_place(s, g);
        if (wrong == NULL && check_inside != NULL)
            wrong = check_inside(s, g);
        if (wrong != NULL)
            return wrong;
        *(g->owner == NULL ? &inbox : &placed) += g->live;
        inbox_segments += g->owner == NULL;
    }
    if (inbox != s->inbox_ids || placed != s->placed_ids || inbox_segments != s->inbox.count)
        return "the counts of ids in the inbox or in shares are wrong";
    return inbox + placed + s->parked.count == s->ids.count ? NULL : "the index holds an id that is nowhere (I2)";
}

static const char *check_segments(const store *s)
{
    return check_segments_and(s, check_ids);
}

static const char *check_places(const store *s)
{
    return check_segments_and(s, NULL);
}

static const char *check_share_sums(const store *s)
{
    size_t at = 0;
    uint64_t ids = 0;
    const store_slot *slot;
    while ((slot = numbered_next(&s->slots, &at)) != NULL)
        ids += slot->ids;
    return ids == s->placed_ids ? NULL : "the shares do not hold the ids that are placed";
}

static const char *check_parked(const store *s)
{
    size_t at = 0;
    const store_parked *p;
    while ((p = numbered_next(&s->parked, &at)) != NULL) {
        if (store_parked_find(s, p->id) != p)
            return "the index does not say of a parked id that it is parked (I2)";
        if (p->order == 0 || p->order > s->parked_order || numbered_find(&s->parked, p->order) != p)
            return "a parked id is not found by its order";
        if (p->heap_at >= s->parked.count || s->due[p->heap_at] != p)
            return "a parked id is not in its place in the heap";
        if (p->heap_at > 0 && store_parked_before(p, s->due[(p->heap_at - 1) / 2]))
            return "the heap is not in order";
    }
    return NULL;
}

static const char *check_fails(const store *s)
{
    size_t count = 0;
    for (const store_fail *f = s->first_fail; f != NULL; f = f->next, count++) {
        uint64_t where;
        if (!index_get(&s->ids, f->id.data, f->id.len, &where))
            return "a failure is remembered of an id that is not in the pool";
        if (store_fail_find(s, f->id) != f || f->attempts == 0)
            return "a failure is not found, or has no attempts";
    }
    return count == s->fails.count ? NULL : "the count of failures is wrong";
}

/* ---- sessions --------------------------------------------------------------------------------------------------- */

static bool memory_is_right(const store_memory *m)
{
    for (size_t i = 0; i < m->count; i++) {
        uint64_t sequence = m->outcomes[i].sequence;
        if (i > 0 && m->outcomes[i - 1].sequence >= sequence)
            return false;
        if (sequence + STORE_SESSION_WINDOW <= m->outcomes[m->count - 1].sequence)
            return false;
    }
    return true;
}

static const char *check_sessions(const store *s)
{
    size_t count = 0;
    size_t at = 0;
    const store_slot *slot;
    for (const store_session *x = s->first_session; x != NULL; x = x->next, count++) {
        if (store_session_find(s, &x->id) != x || !memory_is_right(&x->memory))
            return "a session is not found, or its memory is wrong";
        if (x->next != NULL && x->not_after_us > x->next->not_after_us)
            return "the sessions are not in the order of their ends";
    }
    while ((slot = numbered_next(&s->slots, &at)) != NULL)
        if (!memory_is_right(&slot->memory))
            return "the memory of a slot's session is wrong";
    return count == s->sessions.count ? NULL : "the count of sessions is wrong";
}

static int run(const store *s, const check *checks, size_t count, allot_error *ret_error)
{
    for (size_t i = 0; i < count; i++) {
        const char *wrong = checks[i](s);
        if (wrong == NULL)
            continue;
        if (ret_error != NULL) {
            ret_error->code = ALLOT_E_DAMAGED;
            snprintf(ret_error->message, sizeof(ret_error->message), "%s", wrong);
        }
        return ALLOT_E_DAMAGED;
    }
    return 0;
}

int store_check(const store *s, allot_error *ret_error)
{
    static const check checks[] = {check_slots,  check_leadership, check_segments, check_share_sums,
                                   check_parked, check_fails,      check_sessions};
    return run(s, checks, sizeof(checks) / sizeof(checks[0]), ret_error);
}

/* Nothing at all is an empty store. */
static const char *check_loaded(const store *s)
{
    return s->loaded == 0 || s->loaded >= STORE_HEAD_LOADED ? NULL : "life, counters and leader are not all there";
}

/* Of each id load.c has seen to it. */
int store_load_end(const store *s, allot_error *ret_error)
{
    static const check checks[] = {check_loaded, check_slots, check_leadership, check_places, check_sessions};
    return run(s, checks, sizeof(checks) / sizeof(checks[0]), ret_error);
}
