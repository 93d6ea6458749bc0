#include "base/bytes.h"
#include "core/engine/internal.h"

#include <assert.h>
#include <string.h>

/* What the leader's cycle reads: pages of the roster, of the inbox and of shares; ids of segments. A read is never sent
 * again: when one fails, the cycle is. */

#define PAGE 1024u

/* Shares that are read at once. */
#define SHARES_AT_ONCE 16u

static void read_page(engine *e, allot_op_kind kind, uint32_t member_at, uint64_t cursor)
{
    pending *p = leader_op(e, kind, 0);
    if (p == NULL)
        return;
    p->member = member_at;
    p->op.u.read = (allot_op_read){.cursor = cursor, .limit = PAGE};
    if (kind == ALLOT_OP_READ_SHARE)
        p->op.u.read.target = e->leader.roster[member_at].slot;
    leader_send(e, p);
}

void reading_roster(engine *e)
{
    read_page(e, ALLOT_OP_READ_ROSTER, NOBODY, 0);
}

void reading_inbox(engine *e)
{
    read_page(e, ALLOT_OP_READ_INBOX, IN_INBOX, 0);
}

void reading_share(engine *e, uint32_t member_at)
{
    e->leader.reads++;
    read_page(e, ALLOT_OP_READ_SHARE, member_at, 0);
}

pending *reading_bodies(engine *e, uint32_t holder, const uint64_t *segments, uint32_t count)
{
    pending *p = leader_op(e, ALLOT_OP_READ_SEGMENTS, count * sizeof(segments[0]));
    if (p == NULL)
        return NULL;
    uint64_t *copy = pending_memory(p);
    memcpy(copy, segments, count * sizeof(segments[0]));
    p->member = holder;
    p->op.u.read = (allot_op_read){.limit = count, .segment_count = count, .segments = copy};
    if (holder != IN_INBOX)
        p->op.u.read.target = e->leader.roster[holder].slot;
    e->leader.reads++;
    leader_send(e, p);
    return p;
}

/* By texts, what a slot has that does not hear of recalls is placed when it comes back. In the order of adding it has
 * its place in any case. */
static bool is_of_use(const engine *e, const member *m)
{
    if (e->config.kind == ALLOT_STRATEGY_IDS)
        return member_is_live(m) && m->ids > m->recalls;
    return m->ids > 0;
}

void reading_shares(engine *e)
{
    leader *l = &e->leader;
    while (l->at < l->roster_count && l->reads < SHARES_AT_ONCE && !e->failed) {
        if (is_of_use(e, &l->roster[l->at]))
            reading_share(e, (uint32_t)l->at);
        l->at++;
    }
    if (l->at == l->roster_count && l->under_way == 0 && !e->failed)
        leader_has_read(e);
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

static void take_entries(engine *e, const pending *p, const allot_answer *answer)
{
    leader *l = &e->leader;
    size_t need = l->entry_count + answer->segment_count;
    if (array_reserve((void **)&l->entries, &l->entry_capacity, need, sizeof(l->entries[0])) != 0) {
        engine_fail(e);
        return;
    }
    for (uint32_t i = 0; i < answer->segment_count; i++) {
        const allot_segment_info *info = &answer->segments[i];
        l->entries[l->entry_count++] = (entry){.segment = info->segment,
                                               .order = info->order,
                                               .live = info->live,
                                               .recalled = info->recalled,
                                               .holder = p->member,
                                               .heir = NOBODY,
                                               .map = NOBODY};
        if (p->member == IN_INBOX)
            l->inbox_ids += info->live;
    }
    if (l->phase == LEADER_SHARES && answer->share_rev != l->roster[p->member].share_rev)
        l->torn = true;
}

static void note_revision(leader *l, const allot_answer *answer)
{
    if (l->phase != LEADER_ROSTER && l->phase != LEADER_INBOX)
        return;
    if (l->read_rev == 0)
        l->read_rev = answer->inbox_rev;
    l->torn = l->torn || answer->inbox_rev != l->read_rev;
}

static void last_page_read(engine *e)
{
    leader *l = &e->leader;
    switch (l->phase) {
    case LEADER_ROSTER:
        l->phase = LEADER_REAP;
        break;
    case LEADER_INBOX:
        leader_has_read(e);
        break;
    case LEADER_SHARES:
        l->reads--;
        break;
    case LEADER_RECALL:
        l->reads--;
        counts_share_read(e);
        break;
    default:
        break;
    }
}

static void on_bodies(engine *e, const pending *p, const allot_answer *answer)
{
    e->leader.reads--;
    if (e->leader.phase == LEADER_DEAL)
        ids_bodies(e, p, answer);
    else
        runs_bodies(e, p, answer);
}

void leader_on_read(engine *e, pending *p, const allot_answer *answer)
{
    leader *l = &e->leader;
    assert(e->election.leads && l->under_way > 0);
    l->under_way--;
    if (answer->outcome.status != ALLOT_STATUS_OK) {
        leader_abort(e);
        return;
    }
    if (p->op.kind == ALLOT_OP_READ_SEGMENTS) {
        on_bodies(e, p, answer);
        return;
    }
    if (l->phase == LEADER_ROSTER)
        roster_take(e, answer);
    else
        take_entries(e, p, answer);
    if (e->failed)
        return;
    note_revision(l, answer);
    if (answer->next_cursor != 0)
        read_page(e, p->op.kind, p->member, answer->next_cursor);
    else
        last_page_read(e);
}
