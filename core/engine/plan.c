#include "core/engine/plan.h"

#include "base/bits.h"
#include "base/bytes.h"
#include "base/mutants.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

typedef struct text_block {
    struct text_block *next;
    char data[];
} text_block;

struct plan_texts {
    uint32_t refs;
    text_block *blocks;
};

plan_texts *plan_texts_ref(plan_texts *t)
{
    assert(t->refs > 0);
    t->refs++;
    return t;
}

void plan_texts_unref(plan_texts *t)
{
    if (t == NULL || --t->refs > 0)
        return;
    while (t->blocks != NULL) {
        text_block *block = t->blocks;
        t->blocks = block->next;
        free(block);
    }
    free(t);
}

/* Room for so many bytes, which stays where it is. */
static char *add_texts(plan *p, size_t size)
{
    if (p->texts == NULL) {
        p->texts = calloc(1, sizeof(*p->texts));
        if (p->texts == NULL)
            return NULL;
        p->texts->refs = 1;
    }
    text_block *block = malloc(sizeof(*block) + size);
    if (block == NULL)
        return NULL;
    block->next = p->texts->blocks;
    p->texts->blocks = block;
    return block->data;
}

/* ---- The question ------------------------------------------------------------------------------------------------ */

plan *plan_new(uint32_t slot_count)
{
    assert(slot_count > 0);
    plan *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return NULL;
    p->kind = ALLOT_STRATEGY_COUNTS;
    p->slot_count = slot_count;
    p->slots = calloc(slot_count, sizeof(p->slots[0]));
    if (p->slots == NULL) {
        plan_free(p);
        return NULL;
    }
    return p;
}

void plan_free(plan *p)
{
    if (p == NULL)
        return;
    for (uint32_t i = 0; p->slots != NULL && i < p->slot_count; i++)
        free((char *)p->slots[i].key.data);
    free(p->slots);
    free(p->counts);
    free(p->spans);
    free(p->owner);
    free(p->previous);
    free(p->ids);
    free(p->positions);
    free(p->sources);
    plan_texts_unref(p->texts);
    free(p);
}

int plan_set_names(plan *p, uint32_t i, allot_bytes name, allot_bytes key)
{
    assert(i < p->slot_count && p->slots[i].key.data == NULL && key.len > 0);
    char *copy = malloc((size_t)key.len + name.len + 1);
    if (copy == NULL)
        return ALLOT_E_NOMEM;
    memcpy(copy, key.data, key.len);
    if (name.len > 0)
        memcpy(copy + key.len, name.data, name.len);
    p->slots[i].key = (allot_bytes){.data = copy, .len = key.len};
    p->slots[i].name = (allot_bytes){.data = copy + key.len, .len = name.len};
    return 0;
}

static bool is_wanted(const allot_segment_body *body, uint32_t position)
{
    return !bits_test(body->done, position) && !bits_test(body->recalled, position);
}

static int make_room(plan *p, uint32_t count)
{
    size_t need = (size_t)p->id_count + count;
    if (array_reserve((void **)&p->ids, &p->id_capacity, need, sizeof(p->ids[0])) != 0 ||
        array_reserve((void **)&p->positions, &p->position_capacity, need, sizeof(p->positions[0])) != 0 ||
        array_reserve((void **)&p->previous, &p->previous_capacity, need, sizeof(p->previous[0])) != 0 ||
        array_reserve((void **)&p->sources, &p->source_capacity, p->source_count + 1, sizeof(p->sources[0])) != 0)
        return ALLOT_E_NOMEM;
    return 0;
}

int plan_add_source(plan *p, const allot_segment_body *body, uint32_t holder, uint32_t previous)
{
    uint32_t count = 0;
    size_t size = 0;
    for (uint32_t i = 0; i < body->count; i++) {
        if (!is_wanted(body, i))
            continue;
        count++;
        size += body->ids[i].id.len;
    }
    if (count == 0)
        return 0;
    char *at = make_room(p, count) == 0 ? add_texts(p, size) : NULL;
    if (at == NULL)
        return ALLOT_E_NOMEM;
    p->sources[p->source_count++] =
        (plan_source){.segment = body->segment, .first = p->id_count, .count = count, .holder = holder};
    for (uint32_t i = 0; i < body->count; i++) {
        if (!is_wanted(body, i))
            continue;
        allot_bytes id = body->ids[i].id;
        memcpy(at, id.data, id.len);
        p->ids[p->id_count] = (allot_bytes){.data = at, .len = id.len};
        p->positions[p->id_count] = i;
        p->previous[p->id_count++] = previous;
        at += id.len;
    }
    return 0;
}

/* ---- The answer -------------------------------------------------------------------------------------------------- */

/* Refuses an owner that does not exist (DESIGN §3: core checks the result). */
static int check_owners(plan *p, const uint32_t *owner)
{
    for (uint64_t i = 0; i < p->id_count; i++) {
        if (owner[i] < p->slot_count || MUTANT(owner_unchecked))
            continue;
        snprintf(p->error.message, sizeof(p->error.message), "id %llu got owner %u; there are %u slots",
                 (unsigned long long)i, owner[i], p->slot_count);
        return ALLOT_E_INVALID;
    }
    return 0;
}

static int no_memory(plan *p)
{
    snprintf(p->error.message, sizeof(p->error.message), "no memory for the owners of %llu ids",
             (unsigned long long)p->id_count);
    return ALLOT_E_NOMEM;
}

static int keep_counts(plan *p, const uint32_t *owner)
{
    p->counts = calloc(p->slot_count, sizeof(p->counts[0]));
    if (p->counts == NULL)
        return no_memory(p);
    for (uint64_t i = 0; i < p->id_count; i++)
        p->counts[owner[i]]++;
    return 0;
}

static int keep_spans(plan *p, const uint32_t *owner)
{
    size_t capacity = 0;
    assert(p->id_count <= UINT32_MAX);
    for (uint64_t i = 0; i < p->id_count; i++) {
        plan_span *last = p->span_count > 0 ? &p->spans[p->span_count - 1] : NULL;
        if (last != NULL && last->owner == owner[i]) {
            last->count++;
            continue;
        }
        if (array_reserve((void **)&p->spans, &capacity, p->span_count + 1, sizeof(p->spans[0])) != 0)
            return no_memory(p);
        p->spans[p->span_count++] = (plan_span){.owner = owner[i], .count = 1};
    }
    return 0;
}

static int keep_answer(plan *p, const uint32_t *owner)
{
    int code = check_owners(p, owner);
    if (code != 0 || p->kind == ALLOT_STRATEGY_IDS)
        return code;
    return p->kind == ALLOT_STRATEGY_RUNS ? keep_spans(p, owner) : keep_counts(p, owner);
}

int plan_run(plan *p, const allot_strategy_ops *strategy)
{
    assert(p->slot_count > 0 && strategy->assign != NULL);
    assert(p->owner == NULL && p->spans == NULL && p->counts == NULL);
    allot_strategy_view view = {.size = sizeof(view),
                                .slot_count = p->slot_count,
                                .slots = p->slots,
                                .id_count = p->id_count,
                                .ids = p->ids,
                                .previous = p->previous,
                                .value_count = p->value_count,
                                .values = p->values,
                                .seed = 1};
    uint32_t *owner = malloc((p->id_count + 1) * sizeof(*owner));
    if (owner == NULL)
        return p->error.code = p->code = no_memory(p);
    memset(owner, 0xff, p->id_count * sizeof(*owner)); /* an id that the strategy forgets has no owner that exists */
    p->code = strategy->assign(&view, owner, &p->error);
    if (p->code == 0)
        p->code = keep_answer(p, owner);
    else if (p->code > 0)
        p->code = ALLOT_E_INVALID;
    p->error.code = p->code;
    if (p->kind == ALLOT_STRATEGY_IDS)
        p->owner = owner;
    else
        free(owner);
    return p->code;
}
