#include "tests/conformance/agree.h"

#include "base/bits.h"
#include "base/uuid_text.h"

#include <string.h>

static bool same_bytes(allot_bytes a, allot_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* "Never" is never on every clock. */
static bool same_time(const agreement *g, int64_t a, int64_t b)
{
    return g->timeless ? (a == INT64_MAX) == (b == INT64_MAX) : a == b;
}

#define SAME(field)                                                                                                    \
    do {                                                                                                               \
        if (a->field != b->field)                                                                                      \
            return #field;                                                                                             \
    } while (0)
#define HOLDS(condition, name)                                                                                         \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            return name;                                                                                               \
    } while (0)

const char *views_differ(const agreement *g, const allot_view *a, const allot_view *b)
{
    HOLDS(uuid_equal(&a->life, &b->life), "life");
    SAME(number);
    HOLDS(same_time(g, a->store_us, b->store_us), "store_us");
    HOLDS(uuid_equal(&a->leader, &b->leader), "leader");
    HOLDS(numbers_agree(&g->names->terms, a->term, b->term), "term");
    HOLDS(same_time(g, a->led_for_us, b->led_for_us), "led_for_us");
    SAME(leader_rank);
    SAME(rank);
    SAME(slots);
    SAME(reapable);
    HOLDS(same_time(g, a->next_expiry_us, b->next_expiry_us), "next_expiry_us");
    SAME(version);
    SAME(roster_rev);
    SAME(inbox_rev);
    SAME(share_rev);
    HOLDS(numbers_agree(&g->names->tokens, a->token, b->token), "token");
    SAME(total);
    SAME(inbox);
    SAME(placed);
    SAME(parked);
    HOLDS(same_time(g, a->next_due_us, b->next_due_us), "next_due_us");
    SAME(settled_age);
    SAME(age);
    HOLDS(same_bytes(a->strategy, b->strategy), "strategy");
    return NULL;
}

const char *slots_differ(const agreement *g, const allot_slot_info *a, const allot_slot_info *b)
{
    HOLDS(uuid_equal(&a->slot, &b->slot), "slot");
    HOLDS(same_bytes(a->name, b->name), "name");
    HOLDS(same_bytes(a->host, b->host), "host");
    HOLDS(same_bytes(a->container, b->container), "container");
    SAME(pid);
    SAME(ttl_us);
    if (a->state < ALLOT_SLOT_LEFT) /* else its lease is over, whatever is left of it */
        HOLDS(same_time(g, a->expires_in_us, b->expires_in_us), "expires_in_us");
    SAME(age);
    SAME(rank);
    SAME(ids);
    SAME(recalls);
    SAME(share_rev);
    SAME(segments);
    SAME(weight);
    SAME(state);
    SAME(draining);
    return NULL;
}

const char *segments_differ(const agreement *g, const allot_segment_info *a, const allot_segment_info *b)
{
    HOLDS(numbers_agree(&g->names->segments, a->segment, b->segment), "segment");
    HOLDS(numbers_agree(&g->names->tokens, a->token, b->token), "token of a segment");
    HOLDS(numbers_agree(&g->names->orders, a->order, b->order), "order of a segment");
    SAME(live);
    SAME(recalled);
    return NULL;
}

const char *bodies_differ(const agreement *g, const allot_segment_body *a, const allot_segment_body *b)
{
    HOLDS(numbers_agree(&g->names->segments, a->segment, b->segment), "segment of a body");
    HOLDS(numbers_agree(&g->names->tokens, a->token, b->token), "token of a body");
    SAME(count);
    for (uint32_t i = 0; i < a->count; i++) {
        HOLDS(bits_test(a->done, i) == bits_test(b->done, i), "done");
        if (bits_test(a->done, i))
            continue; /* its text may be gone */
        HOLDS(bits_test(a->recalled, i) == bits_test(b->recalled, i), "recalled");
        HOLDS(same_bytes(a->ids[i].id, b->ids[i].id), "id at a position");
        HOLDS(same_bytes(a->ids[i].payload, b->ids[i].payload), "payload at a position");
    }
    return NULL;
}

const char *pool_ids_differ(const agreement *g, const allot_pool_id *a, const allot_pool_id *b)
{
    HOLDS(same_bytes(a->id, b->id), "id");
    HOLDS(same_bytes(a->payload, b->payload), "payload");
    HOLDS(same_bytes(a->reason, b->reason), "reason of an id");
    SAME(place);
    HOLDS(uuid_equal(&a->slot, &b->slot), "owner");
    HOLDS(numbers_agree(&g->names->tokens, a->token, b->token), "token of an id");
    SAME(attempts);
    SAME(recalled);
    HOLDS(same_time(g, a->due_in_us, b->due_in_us), "due_in_us");
    return NULL;
}

static const char *outcomes_differ(const agreement *g, const allot_outcome *a, const allot_outcome *b)
{
    SAME(status);
    SAME(reason);
    SAME(count);
    SAME(skipped);
    SAME(more);
    HOLDS(numbers_agree(&g->names->terms, a->term, b->term), "term won");
    HOLDS(same_time(g, a->wait_us, b->wait_us), "wait_us");
    HOLDS(memcmp(a->refused, b->refused, sizeof(a->refused)) == 0, "refused");
    return NULL;
}

const char *answers_differ(const agreement *g, const allot_answer *a, const allot_answer *b)
{
    const char *difference = outcomes_differ(g, &a->outcome, &b->outcome);
    HOLDS(difference == NULL, difference);
    SAME(share_rev);
    SAME(inbox_rev);
    SAME(slot_count);
    SAME(segment_count);
    SAME(body_count);
    SAME(id_count);
    if ((a->kind == ALLOT_OP_BEAT || a->kind == ALLOT_OP_READ_VIEW) && a->view != NULL)
        difference = b->view == NULL ? "view" : views_differ(g, a->view, b->view);
    for (uint32_t i = 0; difference == NULL && i < a->slot_count; i++)
        difference = slots_differ(g, &a->slots[i], &b->slots[i]);
    for (uint32_t i = 0; difference == NULL && i < a->segment_count; i++)
        difference = segments_differ(g, &a->segments[i], &b->segments[i]);
    for (uint32_t i = 0; difference == NULL && i < a->body_count; i++)
        difference = bodies_differ(g, &a->bodies[i], &b->bodies[i]);
    for (uint32_t i = 0; difference == NULL && i < a->id_count; i++)
        difference = pool_ids_differ(g, &a->ids[i], &b->ids[i]);
    return difference;
}
