#include "tests/verify/spots.h"

#include "tests/unit/random.h"

size_t any_record(const records *r, uint64_t *random, bool (*fits)(const records *r, size_t i))
{
    size_t chosen = NONE, seen = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (fits(r, i) && random_below(random, (uint32_t)++seen) == 0)
            chosen = i;
    }
    return chosen;
}

static bool is_begin(const record *one)
{
    return one->kind == LINE_HELD || one->kind == LINE_LEADS;
}

bool share_an_id(const record *a, const record *b)
{
    for (uint32_t i = 0; i < a->id_count; i++) {
        for (uint32_t k = 0; k < b->id_count; k++) {
            if (a->ids[i] == b->ids[k])
                return true;
        }
    }
    return a->kind == LINE_LEADS && b->kind == LINE_LEADS;
}

size_t begun_before(const records *r, size_t i)
{
    for (size_t k = i; k-- > 0;) {
        if (is_begin(&r->all[k]) && r->all[k].kind == r->all[i].kind && share_an_id(&r->all[k], &r->all[i]))
            return k;
    }
    return NONE;
}

bool is_cleaned_between(const records *r, size_t first, size_t second)
{
    for (size_t i = first; i < second; i++) {
        if (r->all[i].kind == LINE_CLEANED)
            return true;
    }
    return false;
}

/* A clean between the two would excuse what is broken here. */
static bool follows_another(const records *r, size_t i)
{
    size_t k = is_begin(&r->all[i]) ? begun_before(r, i) : NONE;
    return k != NONE && r->all[k].slot != r->all[i].slot && !is_cleaned_between(r, k, i);
}

bool held_after_another(const records *r, size_t i)
{
    return r->all[i].kind == LINE_HELD && follows_another(r, i);
}

bool leads_after_another(const records *r, size_t i)
{
    return r->all[i].kind == LINE_LEADS && follows_another(r, i);
}

bool is_accepted_ack(const records *r, size_t i)
{
    return r->all[i].kind == LINE_ACKED && r->all[i].answer == LINE_ACCEPTED;
}

size_t next_of_source(const records *r, size_t i)
{
    for (size_t k = i + 1; k < r->count; k++) {
        if (r->all[k].source == r->all[i].source)
            return k;
    }
    return NONE;
}

const record *joined_of(const records *r, uint32_t slot)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->all[i].kind == LINE_JOINED && r->all[i].slot == slot)
            return &r->all[i];
    }
    return NULL;
}

bool lasts(const records *r, size_t i)
{
    for (size_t k = i + 1; k < r->count; k++) {
        if (r->all[k].slot == r->all[i].slot && r->all[k].source == r->all[i].source)
            return record_since(&r->all[k]) > record_since(&r->all[i]) + 1;
    }
    return false;
}
