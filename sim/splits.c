#include "sim/world.h"

#include "base/bits.h"
#include "base/uuid_text.h"
#include "plugins/strategies.h"

#include <stdlib.h>
#include <string.h>

static const allot_strategy_ops *ops_of(const swarm *s, swarm_split split)
{
    if (s->settings != NULL)
        return s->settings->strategy;
    switch (split) {
    case SPLIT_RUNS:
        return &chunked_strategy_ops;
    case SPLIT_IDS:
        return &hash_strategy_ops;
    default:
        return &round_robin_strategy_ops;
    }
}

const char *split_name(const swarm *s, swarm_split split)
{
    return ops_of(s, split)->name;
}

uint32_t split_kind(swarm_split split)
{
    if (split == SPLIT_COUNTS)
        return ALLOT_STRATEGY_COUNTS;
    return split == SPLIT_IDS ? ALLOT_STRATEGY_IDS : ALLOT_STRATEGY_RUNS;
}

/* The values of no more than this many options are needed. */
static const allot_strategy_value own_values[1] = {{.number = 7}};

static const allot_strategy_value *values_of(const swarm *s)
{
    return s->settings != NULL ? s->settings->values : own_values;
}

bool split_is_even(const swarm *s)
{
    return s->split == SPLIT_COUNTS && ops_of(s, s->split) == &round_robin_strategy_ops;
}

static int lie(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error)
{
    (void)ret_error;
    for (uint64_t i = 0; i < view->id_count; i++)
        owner[i] = view->slot_count;
    return 0;
}

static bool goes_wrong(world *w, plan *p, const allot_strategy_ops *ops)
{
    if (world_has(w, SWARM_BAD_PLAN) && random_chance(&w->random, 150) && world_happens(w)) {
        world_cover(w, COVERED_BAD_PLAN);
        p->code = p->error.code = ALLOT_E_SYSTEM;
        return true;
    }
    if (world_has(w, SWARM_HUNG_PLAN) && random_chance(&w->later, 100) && world_happens(w)) {
        world_cover(w, COVERED_HUNG_PLAN);
        p->code = p->error.code = ALLOT_E_TIMEOUT;
        return true;
    }
    if (!world_has(w, SWARM_LYING_PLAN) || p->id_count == 0 || !random_chance(&w->later, 150) || !world_happens(w))
        return false;
    allot_strategy_ops liar = *ops;
    liar.assign = lie;
    world_cover(w, COVERED_LYING_PLAN);
    if (plan_run(p, &liar) == 0)
        world_fail(w, "strategy %s: owners that do not exist were taken", ops->name);
    return true;
}

void split_run(world *w, const replica *r, plan *p)
{
    const allot_strategy_ops *ops = ops_of(&w->swarm, r->split);
    if (goes_wrong(w, p, ops))
        return;
    trace_line(w, r, "plans by %s: %llu ids%s", ops->name, (unsigned long long)p->id_count, p->full ? ", all" : "");
    for (uint32_t i = 0; i < p->slot_count; i++)
        trace_line(w, r, "  slot %02x%02x, weight %u, load %llu, held %llu", p->slots[i].slot.bytes[0],
                   p->slots[i].slot.bytes[1], p->slots[i].weight, (unsigned long long)p->slots[i].load,
                   (unsigned long long)p->slots[i].held);
    p->values = values_of(&w->swarm);
    p->value_count = ops->option_count;
    if (plan_run(p, ops) != 0)
        world_fail(w, "strategy %s: %s", ops->name, p->error.message);
}

/* ---- Where everything is ----------------------------------------------------------------------------------------- */

typedef struct placed_id {
    uint64_t order, segment;
    uint32_t position, slot;
    allot_bytes id; /* a copy */
} placed_id;

typedef struct picture {
    allot_strategy_slot *slots;
    size_t slot_count, slot_capacity;
    placed_id *ids;
    size_t id_count, id_capacity;
} picture;

static void *grow(void *items, size_t *capacity, size_t need, size_t size)
{
    if (array_reserve(&items, capacity, need, size) != 0)
        abort();
    return items;
}

/* As the engine names them: by the name, if no other slot has it. */
static void set_keys(picture *p)
{
    for (size_t i = 0; i < p->slot_count; i++) {
        allot_strategy_slot *s = &p->slots[i];
        bool alone = s->name.len > 0;
        for (size_t k = 0; k < p->slot_count; k++)
            alone = alone && (k == i || p->slots[k].name.len != s->name.len ||
                              memcmp(p->slots[k].name.data, s->name.data, s->name.len) != 0);
        char *text = (char *)(uintptr_t)s->name.data + s->name.len;
        uuid_to_text(&s->slot, text);
        s->key = alone ? s->name : (allot_bytes){.data = text, .len = ALLOT_UUID_TEXT_BYTES - 1};
    }
}

static void read_slots(world *w, picture *p)
{
    allot_answer answer;
    allot_op op = {.kind = ALLOT_OP_READ_ROSTER, .u.read.limit = 1024};
    world_read(w, &op, &answer);
    for (uint32_t i = 0; i < answer.slot_count; i++) {
        const allot_slot_info *info = &answer.slots[i];
        char *name = malloc(info->name.len + ALLOT_UUID_TEXT_BYTES);
        if (name == NULL)
            abort();
        memcpy(name, info->name.data, info->name.len);
        p->slots = grow(p->slots, &p->slot_capacity, p->slot_count + 1, sizeof(p->slots[0]));
        p->slots[p->slot_count++] = (allot_strategy_slot){
            .slot = info->slot, .weight = info->weight, .name = {.data = name, .len = info->name.len}};
    }
}

static void read_body(world *w, picture *p, uint32_t slot, const allot_segment_info *info)
{
    allot_answer answer;
    allot_op op = {.kind = ALLOT_OP_READ_SEGMENTS};
    op.u.read =
        (allot_op_read){.target = p->slots[slot].slot, .limit = 1, .segment_count = 1, .segments = &info->segment};
    world_read(w, &op, &answer);
    const allot_segment_body *b = answer.bodies;
    for (uint32_t i = 0; answer.body_count == 1 && i < b->count; i++) {
        if (bits_test(b->done, i))
            continue;
        char *text = malloc(b->ids[i].id.len);
        if (text == NULL)
            abort();
        memcpy(text, b->ids[i].id.data, b->ids[i].id.len);
        p->ids = grow(p->ids, &p->id_capacity, p->id_count + 1, sizeof(p->ids[0]));
        p->ids[p->id_count++] = (placed_id){.order = info->order,
                                            .segment = info->segment,
                                            .position = i,
                                            .slot = slot,
                                            .id = {.data = text, .len = b->ids[i].id.len}};
    }
}

static void read_share(world *w, picture *p, uint32_t slot)
{
    allot_answer answer;
    allot_op op = {.kind = ALLOT_OP_READ_SHARE, .u.read = {.target = p->slots[slot].slot, .limit = 1024}};
    do {
        world_read(w, &op, &answer);
        uint32_t count = answer.segment_count;
        allot_segment_info *infos = malloc((count + 1) * sizeof(*infos));
        if (infos == NULL)
            abort();
        if (count > 0)
            memcpy(infos, answer.segments, count * sizeof(*infos));
        op.u.read.cursor = answer.next_cursor;
        for (uint32_t i = 0; i < count; i++)
            read_body(w, p, slot, &infos[i]);
        free(infos);
    } while (op.u.read.cursor != 0);
}

static int compare_ids(const void *a, const void *b)
{
    const placed_id *x = a;
    const placed_id *y = b;
    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    if (x->segment != y->segment)
        return x->segment < y->segment ? -1 : 1;
    return x->position < y->position ? -1 : 1;
}

static void take_picture(world *w, picture *p)
{
    read_slots(w, p);
    set_keys(p);
    for (uint32_t i = 0; i < p->slot_count; i++)
        read_share(w, p, i);
    if (p->id_count > 1)
        qsort(p->ids, p->id_count, sizeof(p->ids[0]), compare_ids);
}

static void picture_done(picture *p)
{
    for (size_t i = 0; i < p->slot_count; i++)
        free((char *)(uintptr_t)p->slots[i].name.data); /* and its key, behind it */
    for (size_t i = 0; i < p->id_count; i++)
        free((char *)(uintptr_t)p->ids[i].id.data);
    free(p->slots);
    free(p->ids);
}

/* ---- Where it is to be ------------------------------------------------------------------------------------------- */

static uint64_t place_of(const picture *p, size_t i)
{
    size_t first = i;
    while (first > 0 && p->ids[first - 1].segment == p->ids[i].segment)
        first--;
    return p->ids[i].order + p->ids[i].position - p->ids[first].position;
}

/* Whether another id stands at the same place: where only counts matter, ids of everywhere are written together. */
static bool has_twin(const picture *p, size_t i)
{
    for (size_t k = 0; k < p->id_count; k++)
        if (k != i && place_of(p, k) == place_of(p, i))
            return true;
    return false;
}

/* Whether the id's neighbour belongs where the id is. A twin may have been written together with others since. */
static bool is_beside(const picture *p, const uint32_t *owner, size_t i)
{
    uint32_t slot = p->ids[i].slot;
    return (i > 0 && owner[i - 1] == slot) || (i + 1 < p->id_count && owner[i + 1] == slot);
}

static void compare(world *w, const picture *p, const uint32_t *owner)
{
    for (size_t i = 0; i < p->id_count; i++) {
        const placed_id *id = &p->ids[i];
        const uint8_t *is = p->slots[id->slot].slot.bytes;
        const uint8_t *wanted = owner[i] < p->slot_count ? p->slots[owner[i]].slot.bytes : is;
        trace_line(w, NULL, "  id %zu %.*s, order %llu of segment %llu: %02x%02x, wanted %02x%02x", i, (int)id->id.len,
                   id->id.data, (unsigned long long)id->order, (unsigned long long)id->segment, is[0], is[1], wanted[0],
                   wanted[1]);
        if (id->slot == owner[i])
            continue;
        if (has_twin(p, i) || (swarm_has(&w->swarm, SWARM_RELOAD) && is_beside(p, owner, i)))
            w->moves_again = true;
        else
            world_fail(w, "I6: exact placement: id %.*s, the %zuth, is with slot %02x%02x instead of %02x%02x",
                       (int)id->id.len, id->id.data, i, is[0], is[1], wanted[0], wanted[1]);
    }
}

void split_check(world *w)
{
    picture p = {0};
    take_picture(w, &p);
    const allot_strategy_ops *ops = ops_of(&w->swarm, w->swarm.split);
    uint32_t *owner = malloc((p.id_count + 1) * sizeof(*owner));
    uint32_t *previous = malloc((p.id_count + 1) * sizeof(*previous));
    allot_bytes *ids = malloc((p.id_count + 1) * sizeof(*ids));
    if (owner == NULL || ids == NULL || previous == NULL)
        abort();
    for (size_t i = 0; i < p.id_count; i++) {
        ids[i] = p.ids[i].id;
        previous[i] = p.ids[i].slot;
    }
    allot_strategy_view view = {.size = sizeof(view),
                                .slot_count = (uint32_t)p.slot_count,
                                .slots = p.slots,
                                .id_count = p.id_count,
                                .ids = ids,
                                .value_count = ops->option_count,
                                .values = values_of(&w->swarm),
                                .previous = previous,
                                .seed = 1};
    allot_error error = {0};
    if (p.slot_count > 0 && ops->assign(&view, owner, &error) != 0)
        world_fail(w, "strategy %s: %s", ops->name, error.message);
    else if (p.id_count > 0)
        world_cover(w, split_kind(w->swarm.split) == ALLOT_STRATEGY_IDS ? COVERED_EXACT_IDS : COVERED_EXACT);
    compare(w, &p, owner);
    free(owner);
    free(previous);
    free(ids);
    picture_done(&p);
}
