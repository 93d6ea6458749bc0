#include "core/engine/internal.h"

/* Only how many ids each slot has matters: ids stay where they are, up to their slot's count, and no id is read. */

/* ---- The question ------------------------------------------------------------------------------------------------ */

/* Of a full split: all that live slots have, drain or not, recalled or not, and the inbox. */
static uint64_t all_ids(const leader *l)
{
    uint64_t sum = l->inbox_ids;
    for (size_t i = 0; i < l->roster_count; i++)
        if (member_is_live(&l->roster[i]))
            sum += l->roster[i].ids;
    return sum;
}

void counts_plan(engine *e)
{
    leader *l = &e->leader;
    plan *p = placement_question(e);
    if (p == NULL)
        return;
    p->id_count = l->full ? all_ids(l) : l->inbox_ids;
    for (size_t i = 0; i < l->owner_count; i++) {
        p->slots[i].held = member_keeps(&l->roster[l->owners[i]]);
        p->slots[i].load = l->full ? 0 : p->slots[i].held;
    }
    placement_ask(e, p);
    l->phase = LEADER_PLAN;
}

/* ---- The answer -------------------------------------------------------------------------------------------------- */

static void take_counts(leader *l, const plan *p)
{
    for (size_t i = 0; i < l->roster_count; i++) {
        member *m = &l->roster[i];
        uint64_t keeps = member_keeps(m);
        m->give = m->take = 0;
        if (m->plan_index == NOBODY) {
            if (l->full && m->draining && member_is_live(m))
                m->give = keeps;
            continue;
        }
        uint64_t want = p->counts[m->plan_index] + (l->full ? 0 : keeps);
        m->give = keeps > want ? keeps - want : 0;
        m->take = want > keeps ? want - keeps : 0;
    }
}

/* Segment after segment of the inbox, slot after slot; the last segment of a slot may be cut. */
static void fill_portions(engine *e)
{
    leader *l = &e->leader;
    uint32_t at = 0;
    uint32_t taken = 0;
    for (uint32_t i = 0; i < l->roster_count; i++) {
        member *m = &l->roster[i];
        while (m->take > 0 && at < l->entry_count && !e->failed) {
            const entry *from = &l->entries[at];
            uint32_t left = from->live - taken;
            uint32_t ids = left > m->take ? (uint32_t)m->take : left;
            uint32_t take = ids < left ? ids : 0;
            if (ids > 0)
                placement_add_portion(e, (portion){.segment = from->segment,
                                                   .take = take,
                                                   .ids = ids,
                                                   .member = i,
                                                   .joins = true,
                                                   .room = ALLOT_SEGMENT_IDS_MAX});
            m->take -= ids;
            taken = ids < left ? taken + ids : 0;
            at += ids == left;
        }
    }
}

void counts_take(engine *e, const plan *p)
{
    take_counts(&e->leader, p);
    fill_portions(e);
    e->leader.phase = LEADER_ASSIGN;
}

/* ---- Recalling --------------------------------------------------------------------------------------------------- */

/* From the newest segment on: what has been with the slot for long stays longest. */
void counts_share_read(engine *e)
{
    leader *l = &e->leader;
    member *m = &l->roster[l->at];
    for (size_t i = l->entry_count; i > 0 && m->give > 0 && !e->failed; i--) {
        const entry *from = &l->entries[i - 1];
        uint32_t left = from->live - from->recalled;
        uint32_t take = left < m->give ? left : (uint32_t)m->give;
        if (take == 0)
            continue;
        placement_add_claim(e, (claim){.segment = from->segment,
                                       .member = (uint32_t)l->at,
                                       .take = take == from->live ? 0 : take,
                                       .map = NOBODY});
        m->give -= take;
    }
    m->give = 0; /* else it has less than it had */
}

/* One slot after the other: read its segments, recall what it is to give. */
void counts_recall(engine *e)
{
    leader *l = &e->leader;
    if (!placement_recall(e) || leader_waits(e) || e->failed)
        return;
    while (l->at < l->roster_count && l->roster[l->at].give == 0)
        l->at++;
    if (l->at == l->roster_count) {
        l->phase = LEADER_PUBLISH;
        return;
    }
    placement_forget(l);
    l->entry_count = 0;
    reading_share(e, (uint32_t)l->at);
}
