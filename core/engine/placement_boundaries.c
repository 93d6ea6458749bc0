#include "base/bytes.h"
#include "base/sorted.h"
#include "core/engine/internal.h"

#include <assert.h>
#include <stdlib.h>

/* Where the runs of the last full split begin, remembered as long as this leadership lasts. What comes back into the
 * inbox afterwards (recalled, released, of a slot that died later) goes to the slot whose run it belongs to, however
 * many ids were acked meanwhile. What was added since, and what belongs to a slot that is gone, has no heir. A new
 * leader knows no runs, and begins with a full split. */

void runs_forget(leader *l)
{
    l->boundary_count = l->moving_count = 0;
    l->old_end = 0;
    l->placed_end = UINT64_MAX;
}

/* ---- Where runs begin -------------------------------------------------------------------------------------------- */

uint64_t runs_window_end(uint64_t order)
{
    return (order / ALLOT_SEGMENT_IDS_MAX + 1) * ALLOT_SEGMENT_IDS_MAX;
}

bool runs_same_window(uint64_t a, uint64_t b)
{
    return runs_window_end(a) == runs_window_end(b);
}

/* The first boundary at or behind a place. */
static size_t boundary_from(const leader *l, uint64_t at)
{
    if (l->boundary_count == 0)
        return 0;
    return sorted_from(&l->boundaries[0].from, l->boundary_count, sizeof(l->boundaries[0]), at);
}

static uint32_t member_of_age(const leader *l, uint64_t age)
{
    assert(l->roster_count > 0); /* nothing is placed without owners */
    size_t i = sorted_from(&l->roster[0].age, l->roster_count, sizeof(l->roster[0]), age);
    return i < l->roster_count && l->roster[i].age == age ? (uint32_t)i : NOBODY;
}

static uint32_t owner_of_age(const leader *l, uint64_t age)
{
    uint32_t i = member_of_age(l, age);
    return i != NOBODY && member_may_own(&l->roster[i]) ? i : NOBODY;
}

/* To whose run this place belongs, as long as that slot may own ids. */
uint32_t runs_heir(const leader *l, uint64_t at)
{
    size_t i = boundary_from(l, at + 1);
    return at >= l->old_end || i == 0 ? NOBODY : owner_of_age(l, l->boundaries[i - 1].age);
}

/* ---- Segments on their way --------------------------------------------------------------------------------------- */

static int compare_moving(const void *a, const void *b)
{
    const destined *x = a;
    const destined *y = b;
    return compare_numbers(x->segment, y->segment);
}

void runs_note_moving(engine *e, uint64_t segment, uint32_t to)
{
    leader *l = &e->leader;
    if (array_reserve((void **)&l->moving, &l->moving_capacity, l->moving_count + 1, sizeof(l->moving[0])) != 0)
        engine_fail(e);
    else
        l->moving[l->moving_count++] = (destined){.segment = segment, .age = l->roster[to].age};
}

/* For whom the whole segment is; NOBODY: unknown, or that slot is gone. */
uint32_t runs_destination(const leader *l, uint64_t segment)
{
    const destined key = {.segment = segment};
    if (l->moving_count == 0)
        return NOBODY;
    const destined *found = bsearch(&key, l->moving, l->moving_count, sizeof(key), compare_moving);
    return found == NULL ? NOBODY : owner_of_age(l, found->age);
}

void runs_add_boundary(engine *e, boundary b)
{
    leader *l = &e->leader;
    if (array_reserve((void **)&l->boundaries, &l->boundary_capacity, l->boundary_count + 1, sizeof(b)) != 0)
        engine_fail(e);
    else
        l->boundaries[l->boundary_count++] = b;
}

void runs_sort_moving(leader *l)
{
    if (l->moving_count > 1)
        qsort(l->moving, l->moving_count, sizeof(l->moving[0]), compare_moving);
}

/* Whether its ids belong to several runs, as far as can be told without its bitmap: it was recalled in parts, and came
 * back whole. Then they are told apart; unless one of those slots is gone, which calls for another full split soon. */
bool runs_may_cut(const leader *l, const entry *from)
{
    size_t i = boundary_from(l, from->order + 1);
    size_t end = boundary_from(l, runs_window_end(from->order));
    if (i == end || from->live == 1)
        return false;
    for (; i < end; i++)
        if (runs_heir(l, l->boundaries[i].from) == NOBODY)
            return false;
    return true;
}
