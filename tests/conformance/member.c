/* member.c - the ops of one slot, one call each. */
#include "tests/conformance/world.h"

#include "base/uuid_text.h"

#include <string.h>

enum { OP_TIMEOUT_US = 10 * SECOND_US };

member outsider_new(world *w, int handle)
{
    member m = {.w = w, .handle = world_handle(w, handle), .session = world_uuid(w), .ttl_us = w->ttl_us};
    m.not_after_us = read_view(w)->view->store_us + 3600 * (int64_t)SECOND_US;
    return m;
}

member member_new(world *w, int handle)
{
    allot_uuid slot = world_uuid(w);
    return (member){.w = w, .handle = world_handle(w, handle), .slot = slot, .session = slot, .ttl_us = w->ttl_us};
}

member member_joined(world *w, int handle)
{
    member m = member_new(w, handle);
    EXPECT_OK(join(&m));
    EXPECT_OK(beat(&m));
    return m;
}

member member_leader(world *w, int handle)
{
    member m = member_joined(w, handle);
    EXPECT_OK(campaign(&m));
    return m;
}

static bool has_sequence(allot_op_kind kind)
{
    return kind != ALLOT_OP_BEAT && kind < ALLOT_OP_READ_VIEW;
}

static bool has_term(allot_op_kind kind)
{
    return (kind >= ALLOT_OP_ASSIGN && kind <= ALLOT_OP_PUBLISH) || kind == ALLOT_OP_UNPARK ||
           kind == ALLOT_OP_RESIGN || kind == ALLOT_OP_BEAT;
}

allot_op member_op(member *m, allot_op_kind kind)
{
    allot_op op;
    memset(&op, 0, sizeof(op));
    op.kind = kind;
    op.timeout_us = OP_TIMEOUT_US;
    if (kind < ALLOT_OP_READ_VIEW) {
        op.slot = m->slot;
        op.session = m->session;
        op.not_after_us = m->not_after_us;
    }
    if (has_sequence(kind))
        op.sequence = ++m->sequence;
    if (has_term(kind))
        op.term = m->term;
    return op;
}

const allot_answer *member_call(member *m, const allot_op *op)
{
    return driver_call(m->handle, op);
}

allot_op join_op(member *m, const char *name)
{
    allot_op op = member_op(m, ALLOT_OP_JOIN);
    op.u.join.name = (allot_bytes){name, (uint32_t)strlen(name)};
    op.u.join.host = (allot_bytes){"host", 4};
    op.u.join.pid = 4711;
    op.u.join.ttl_us = m->ttl_us;
    op.u.join.weight = 1;
    op.u.join.fresh_life = world_uuid(m->w);
    return op;
}

const allot_answer *join(member *m)
{
    allot_op op = join_op(m, "");
    return member_call(m, &op);
}

const allot_answer *beat(member *m)
{
    allot_op op = member_op(m, ALLOT_OP_BEAT);
    op.u.beat.floors.life = m->life;
    op.u.beat.ttl_us = m->ttl_us;
    op.u.beat.fresh_life = world_uuid(m->w);
    const allot_answer *a = member_call(m, &op);
    if (a->outcome.status == ALLOT_STATUS_OK)
        m->life = a->view->life;
    return a;
}

const allot_answer *leave(member *m)
{
    allot_op op = member_op(m, ALLOT_OP_LEAVE);
    return member_call(m, &op);
}

const allot_answer *campaign(member *m)
{
    allot_op op = member_op(m, ALLOT_OP_CAMPAIGN);
    const allot_answer *a = member_call(m, &op);
    if (a->outcome.status == ALLOT_STATUS_OK)
        m->term = a->outcome.term;
    return a;
}

const allot_answer *resign(member *m)
{
    allot_op op = member_op(m, ALLOT_OP_RESIGN);
    return member_call(m, &op);
}

const allot_answer *add(member *m, const char *ids)
{
    allot_bytes words[ALLOT_OP_ITEMS_MAX];
    allot_new_id fresh[ALLOT_OP_ITEMS_MAX];
    uint32_t count = split_text(ids, words, ALLOT_OP_ITEMS_MAX);
    for (uint32_t i = 0; i < count; i++)
        fresh[i] = (allot_new_id){.id = words[i]};
    allot_op op = member_op(m, ALLOT_OP_ADD);
    op.u.add = (allot_op_add){.count = count, .ids = fresh, .fresh_life = world_uuid(m->w)};
    return member_call(m, &op);
}

static const allot_answer *assign(member *leader, const member *to, const allot_grant *grants, uint32_t count)
{
    allot_op op = member_op(leader, ALLOT_OP_ASSIGN);
    op.u.assign = (allot_op_assign){.slot_count = 1, .slots = &to->slot, .grant_count = count, .grants = grants};
    return member_call(leader, &op);
}

static const allot_answer *grant_inbox(member *leader, const member *to)
{
    allot_part parts[ALLOT_OP_ITEMS_MAX];
    allot_grant grants[ALLOT_OP_ITEMS_MAX];
    uint32_t count = 0;
    allot_op op = member_op(leader, ALLOT_OP_READ_INBOX);
    op.u.read.limit = ALLOT_OP_ITEMS_MAX;
    const allot_answer *inbox = EXPECT_OK(member_call(leader, &op));
    ck_assert_uint_eq(inbox->next_cursor, 0);
    for (; count < inbox->segment_count; count++) {
        parts[count] = (allot_part){.segment = inbox->segments[count].segment, .position = ALLOT_ALL};
        grants[count] = (allot_grant){.part_count = 1, .parts = &parts[count]};
    }
    return assign(leader, to, grants, count);
}

const allot_answer *grant(member *leader, const member *to, const char *ids)
{
    if (ids == NULL)
        return grant_inbox(leader, to);
    allot_bytes words[ALLOT_OP_ITEMS_MAX];
    allot_part parts[ALLOT_OP_ITEMS_MAX];
    uint32_t count = split_text(ids, words, ALLOT_OP_ITEMS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        char id[ALLOT_ID_BYTES_MAX + 1] = {0};
        memcpy(id, words[i].data, words[i].len);
        ck_assert_msg(find_part(leader->w, id, &parts[i]), "%s is not in the inbox", id);
    }
    allot_grant one = {.part_count = count, .parts = parts};
    return assign(leader, to, &one, 1);
}

const allot_answer *recall(member *leader, const member *from, const char *ids)
{
    allot_bytes words[ALLOT_OP_ITEMS_MAX];
    allot_part parts[ALLOT_OP_ITEMS_MAX];
    uint32_t count = split_text(ids, words, ALLOT_OP_ITEMS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        char id[ALLOT_ID_BYTES_MAX + 1] = {0};
        memcpy(id, words[i].data, words[i].len);
        ck_assert_msg(find_owned_part(from, id, &parts[i]), "%s is not in that share", id);
    }
    allot_op op = member_op(leader, ALLOT_OP_RECALL);
    op.u.recall = (allot_op_recall){.target = from->slot, .part_count = count, .parts = parts};
    return member_call(leader, &op);
}

static const allot_answer *target_call(member *leader, allot_op_kind kind, const member *target, uint32_t max_attempts)
{
    allot_op op = member_op(leader, kind);
    op.u.target = (allot_op_target){.target = target->slot, .max_attempts = max_attempts};
    return member_call(leader, &op);
}

const allot_answer *retire(member *leader, const member *target)
{
    return target_call(leader, ALLOT_OP_RETIRE, target, 0);
}

const allot_answer *reap(member *leader, const member *target, uint32_t max_attempts)
{
    return target_call(leader, ALLOT_OP_REAP, target, max_attempts);
}

const allot_answer *publish(member *leader, uint64_t version)
{
    allot_op op = member_op(leader, ALLOT_OP_PUBLISH);
    op.u.publish = (allot_op_publish){.version = version, .settled_age = 1, .strategy = {"round_robin", 11}};
    return member_call(leader, &op);
}

const allot_answer *report(member *m, allot_op_kind kind, const char *ids)
{
    allot_bytes words[ALLOT_OP_ITEMS_MAX];
    allot_item items[ALLOT_OP_ITEMS_MAX];
    uint32_t count = split_text(ids, words, ALLOT_OP_ITEMS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        char id[ALLOT_ID_BYTES_MAX + 1] = {0};
        memcpy(id, words[i].data, words[i].len);
        ck_assert_msg(find_item(m, id, &items[i]), "%s is not in the share", id);
        items[i].id = words[i];
    }
    allot_op op = member_op(m, kind);
    op.u.items = (allot_op_items){.count = count, .items = items};
    if (kind == ALLOT_OP_FAIL) {
        op.u.items.reason = (allot_bytes){"why", 3};
        op.u.items.max_attempts = 2;
        op.u.items.retry_after_us = SECOND_US / 2;
    }
    return member_call(m, &op);
}

const allot_answer *unpark(member *m, const char *ids)
{
    allot_bytes words[ALLOT_OP_ITEMS_MAX];
    allot_op op = member_op(m, ALLOT_OP_UNPARK);
    op.u.unpark = (allot_op_unpark){.count = split_text(ids, words, ALLOT_OP_ITEMS_MAX), .ids = words};
    return member_call(m, &op);
}

const allot_answer *clean(member *m)
{
    allot_op op = member_op(m, ALLOT_OP_CLEAN);
    return member_call(m, &op);
}
