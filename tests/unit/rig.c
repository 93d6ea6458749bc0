#include "tests/unit/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the rig ---------------------------------------------------------------------------------------------------- */

rig *rig_new(void)
{
    rig *r = calloc(1, sizeof(*r));
    ck_assert_ptr_nonnull(r);
    r->s = store_new();
    ck_assert_ptr_nonnull(r->s);
    r->now_us = 1000 * (int64_t)SECOND_US;
    r->floor = 1;
    r->life = rig_uuid(0x11fe);
    return r;
}

void rig_free(rig *r)
{
    store_free(r->s);
    for (size_t i = 0; i < RIG_TEXTS; i++)
        bytes_done(&r->texts[i]);
    free(r);
}

allot_uuid rig_uuid(uint64_t n)
{
    allot_uuid id = {0};
    for (size_t i = 0; i < sizeof(n); i++)
        id.bytes[15 - i] = (uint8_t)(n >> (8 * i));
    return id;
}

void rig_advance(rig *r, int64_t us)
{
    r->now_us += us;
}

static bytes *next_text(rig *r)
{
    bytes *text = &r->texts[r->next_text++ % RIG_TEXTS];
    bytes_clear(text);
    return text;
}

static const char *finish(bytes *text)
{
    ck_assert_int_eq(bytes_append(text, "", 1), 0);
    return text->data;
}

static int append_line(void *user, const char *line, size_t len)
{
    bytes *text = user;
    ck_assert_int_eq(bytes_append(text, line, len), 0);
    return bytes_append(text, "\n", 1);
}

const char *rig_dump(rig *r)
{
    bytes *text = next_text(r);
    ck_assert_int_eq(store_dump(r->s, append_line, text), 0);
    return finish(text);
}

void rig_load(rig *r, const char *dump)
{
    store *s = store_new();
    ck_assert_ptr_nonnull(s);
    for (const char *end; (end = strchr(dump, '\n')) != NULL; dump = end + 1) {
        allot_error error = {0};
        if (store_load(s, dump, (size_t)(end - dump), &error) != 0)
            ck_abort_msg("%s", error.message);
    }
    store_free(r->s);
    r->s = s;
}

static void check_store(rig *r)
{
    allot_error error = {0};
    if (store_check(r->s, &error) != 0)
        ck_abort_msg("after an op of kind %d: %s", (int)r->answer.kind, error.message);
}

allot_outcome rig_apply(rig *r, const allot_op *op)
{
    store_moment moment = {.clock_us = r->now_us, .floor = r->floor};
    ck_assert_int_eq(store_apply(r->s, op, &moment, &r->answer, &r->effects), 0);
    ck_assert_int_eq(r->answer.kind, op->kind);
    ck_assert_uint_eq(r->answer.cookie, op->cookie);
    ck_assert(op->kind < ALLOT_OP_READ_VIEW || !r->effects.changed);
    check_store(r);
    return r->answer.outcome;
}

allot_outcome check_outcome(allot_outcome o, allot_reason reason, const char *what, int line)
{
    allot_op_status status = reason == ALLOT_REFUSED_NOTHING ? ALLOT_STATUS_OK : ALLOT_STATUS_REFUSED;
    if (o.status != status || o.reason != reason)
        ck_abort_msg("line %d: %s: status %d, reason %d instead of %d", line, what, (int)o.status, (int)o.reason,
                     (int)reason);
    return o;
}

/* ---- replicas --------------------------------------------------------------------------------------------------- */

replica rig_replica(rig *r, uint64_t n)
{
    return (replica){.r = r, .slot = rig_uuid(n)};
}

replica rig_joined(rig *r, uint64_t n)
{
    replica p = rig_replica(r, n);
    CHECK_OK(join(&p));
    return p;
}

replica rig_leader(rig *r, uint64_t n)
{
    replica p = rig_joined(r, n);
    CHECK_OK(campaign(&p));
    return p;
}

allot_op replica_op(replica *p, allot_op_kind kind)
{
    return (allot_op){.kind = kind, .cookie = ++p->sequence, .slot = p->slot, .session = p->slot,
                      .sequence = p->sequence, .term = p->term};
}

allot_op loose_op(rig *r, allot_op_kind kind)
{
    return (allot_op){.kind = kind, .session = rig_uuid(0x5e55), .sequence = ++r->loose_sequence,
                      .not_after_us = r->now_us + 3600 * (int64_t)SECOND_US};
}

allot_op join_op(replica *p)
{
    allot_op op = replica_op(p, ALLOT_OP_JOIN);
    op.u.join = (allot_op_join){.name = {"n", 1}, .host = {"h", 1}, .pid = 7, .ttl_us = TTL_US, .weight = 1,
                                .fresh_life = p->r->life};
    return op;
}

allot_op beat_op(replica *p)
{
    allot_op op = replica_op(p, ALLOT_OP_BEAT);
    p->sequence--;
    op.sequence = 0;
    op.u.beat = (allot_op_beat){.floors = {.life = p->r->life}, .fresh_life = rig_uuid(0xf4e5)};
    return op;
}

allot_outcome join(replica *p)
{
    allot_op op = join_op(p);
    return rig_apply(p->r, &op);
}

allot_outcome beat(replica *p)
{
    allot_op op = beat_op(p);
    return rig_apply(p->r, &op);
}

static allot_outcome simple(replica *p, allot_op_kind kind)
{
    allot_op op = replica_op(p, kind);
    return rig_apply(p->r, &op);
}

allot_outcome leave(replica *p)
{
    return simple(p, ALLOT_OP_LEAVE);
}

allot_outcome campaign(replica *p)
{
    allot_outcome o = simple(p, ALLOT_OP_CAMPAIGN);
    if (o.status == ALLOT_STATUS_OK)
        p->term = o.term;
    return o;
}

allot_outcome resign(replica *p)
{
    return simple(p, ALLOT_OP_RESIGN);
}

/* ---- ids -------------------------------------------------------------------------------------------------------- */

/* The words of "a b c", at most ALLOT_OP_ITEMS_MAX; they point into the text. */
static uint32_t split(const char *text, allot_bytes *words)
{
    uint32_t n = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        ck_assert_uint_lt(n, ALLOT_OP_ITEMS_MAX);
        words[n++] = (allot_bytes){.data = text, .len = (uint32_t)len};
        text += len + (text[len] == ' ');
    }
    return n;
}

static bool is_word(allot_bytes id, allot_bytes word)
{
    return id.len == word.len && memcmp(id.data, word.data, id.len) == 0;
}

static const allot_answer *read_pool(rig *r, uint64_t cursor)
{
    allot_op op = {.kind = ALLOT_OP_READ_POOL, .u.read = {.limit = 1024, .cursor = cursor, .with_payloads = true}};
    CHECK_OK(rig_apply(r, &op));
    return &r->answer;
}

static bool find_word(rig *r, allot_bytes word, allot_pool_id *ret_id)
{
    uint64_t cursor = 0;
    do {
        const allot_answer *a = read_pool(r, cursor);
        for (uint32_t i = 0; i < a->id_count; i++) {
            if (!is_word(a->ids[i].id, word))
                continue;
            *ret_id = a->ids[i];
            return true;
        }
        cursor = a->next_cursor;
    } while (cursor != 0);
    return false;
}

bool find_id(rig *r, const char *id, allot_pool_id *ret_id)
{
    return find_word(r, (allot_bytes){id, (uint32_t)strlen(id)}, ret_id);
}

static bool find_in_body(rig *r, allot_uuid target, uint64_t segment, allot_bytes word, allot_item *ret_item)
{
    allot_op op = {.kind = ALLOT_OP_READ_SEGMENTS,
                   .u.read = {.target = target, .segment_count = 1, .segments = &segment}};
    CHECK_OK(rig_apply(r, &op));
    ck_assert_uint_eq(r->answer.body_count, 1);
    const allot_segment_body *body = &r->answer.bodies[0];
    for (uint32_t i = 0; i < body->count; i++) {
        if (bits_test(body->done, i) || !is_word(body->ids[i].id, word))
            continue;
        *ret_item = (allot_item){.segment = segment, .token = body->token, .position = i, .id = word};
        return true;
    }
    return false;
}

/* Looks for an id through the reads of the inbox or of a share alone. */
static allot_item item_of_word(rig *r, allot_bytes word)
{
    allot_pool_id where;
    allot_item item = {0};
    uint64_t segments[1024];
    ck_assert_msg(find_word(r, word, &where), "'%.*s' is not in the pool", (int)word.len, word.data);
    bool shared = where.place == ALLOT_PLACE_SHARE;
    allot_op op = {.kind = shared ? ALLOT_OP_READ_SHARE : ALLOT_OP_READ_INBOX,
                   .u.read = {.target = where.slot, .limit = 1024}};
    CHECK_OK(rig_apply(r, &op));
    uint32_t count = r->answer.segment_count;
    for (uint32_t i = 0; i < count; i++)
        segments[i] = r->answer.segments[i].segment;
    for (uint32_t i = 0; i < count; i++)
        if (find_in_body(r, where.slot, segments[i], word, &item))
            return item;
    ck_abort_msg("'%.*s' is in the pool, but not where it is said to be", (int)word.len, word.data);
    return item;
}

allot_item item_of(rig *r, const char *id)
{
    return item_of_word(r, (allot_bytes){id, (uint32_t)strlen(id)});
}

allot_outcome add(rig *r, const char *ids)
{
    allot_bytes words[ALLOT_OP_ITEMS_MAX];
    allot_new_id fresh[ALLOT_OP_ITEMS_MAX];
    uint32_t n = split(ids, words);
    for (uint32_t i = 0; i < n; i++)
        fresh[i] = (allot_new_id){.id = words[i]};
    allot_op op = loose_op(r, ALLOT_OP_ADD);
    op.u.add = (allot_op_add){.count = n, .ids = fresh, .fresh_life = r->life};
    return rig_apply(r, &op);
}

allot_outcome add_with_payload(rig *r, const char *id, const char *payload)
{
    allot_new_id fresh = {.id = {id, (uint32_t)strlen(id)}, .payload = {payload, (uint32_t)strlen(payload)}};
    allot_op op = loose_op(r, ALLOT_OP_ADD);
    op.u.add = (allot_op_add){.count = 1, .ids = &fresh, .fresh_life = r->life};
    return rig_apply(r, &op);
}

static uint32_t parts_of(rig *r, const char *ids, allot_part *parts)
{
    allot_bytes words[ALLOT_OP_ITEMS_MAX];
    uint32_t n = split(ids, words);
    for (uint32_t i = 0; i < n; i++) {
        allot_item item = item_of_word(r, words[i]);
        parts[i] = (allot_part){.segment = item.segment, .position = item.position};
    }
    return n;
}

static allot_outcome assign_parts(replica *leader, const replica *to, const allot_part *parts, uint32_t count)
{
    allot_grant grant = {.part_count = count, .parts = parts};
    allot_op op = replica_op(leader, ALLOT_OP_ASSIGN);
    op.u.assign = (allot_op_assign){.slot_count = 1, .slots = &to->slot, .grant_count = 1, .grants = &grant};
    return rig_apply(leader->r, &op);
}

allot_outcome assign(replica *leader, const replica *to, const char *ids)
{
    allot_part parts[ALLOT_OP_ITEMS_MAX];
    uint32_t n = parts_of(leader->r, ids, parts);
    return assign_parts(leader, to, parts, n);
}

allot_outcome assign_whole(replica *leader, const replica *to, const char *id)
{
    allot_part part = {.segment = item_of(leader->r, id).segment, .position = ALLOT_ALL};
    return assign_parts(leader, to, &part, 1);
}

allot_outcome recall(replica *leader, const replica *from, const char *ids)
{
    allot_part parts[ALLOT_OP_ITEMS_MAX];
    uint32_t n = parts_of(leader->r, ids, parts);
    allot_op op = replica_op(leader, ALLOT_OP_RECALL);
    op.u.recall = (allot_op_recall){.target = from->slot, .part_count = n, .parts = parts};
    return rig_apply(leader->r, &op);
}

static allot_outcome on_target(replica *leader, allot_op_kind kind, const replica *target, uint32_t max_attempts)
{
    allot_op op = replica_op(leader, kind);
    op.u.target = (allot_op_target){.target = target->slot, .max_attempts = max_attempts};
    return rig_apply(leader->r, &op);
}

allot_outcome retire(replica *leader, const replica *target)
{
    return on_target(leader, ALLOT_OP_RETIRE, target, 0);
}

allot_outcome reap(replica *leader, const replica *target, uint32_t max_attempts)
{
    return on_target(leader, ALLOT_OP_REAP, target, max_attempts);
}

allot_outcome publish(replica *leader, uint64_t version)
{
    allot_op op = replica_op(leader, ALLOT_OP_PUBLISH);
    op.u.publish = (allot_op_publish){.version = version, .strategy = {"round_robin", 11}};
    return rig_apply(leader->r, &op);
}

static allot_outcome on_items(replica *p, allot_op_kind kind, const char *ids, const allot_op_items *like)
{
    allot_bytes words[ALLOT_OP_ITEMS_MAX];
    allot_item items[ALLOT_OP_ITEMS_MAX];
    uint32_t n = split(ids, words);
    for (uint32_t i = 0; i < n; i++)
        items[i] = item_of_word(p->r, words[i]);
    allot_op op = replica_op(p, kind);
    op.u.items = *like;
    op.u.items.count = n;
    op.u.items.items = items;
    return rig_apply(p->r, &op);
}

allot_outcome release(replica *p, const char *ids)
{
    return on_items(p, ALLOT_OP_RELEASE, ids, &(allot_op_items){0});
}

allot_outcome release_whole(replica *p, const char *id)
{
    allot_item item = item_of(p->r, id);
    item.position = ALLOT_ALL;
    item.id = (allot_bytes){0};
    allot_op op = replica_op(p, ALLOT_OP_RELEASE);
    op.u.items = (allot_op_items){.count = 1, .items = &item};
    return rig_apply(p->r, &op);
}

allot_outcome ack(replica *p, const char *ids)
{
    return on_items(p, ALLOT_OP_ACK, ids, &(allot_op_items){0});
}

allot_outcome fail_ids(replica *p, const char *ids, uint32_t max_attempts, int64_t retry_after_us)
{
    return on_items(p, ALLOT_OP_FAIL, ids,
                    &(allot_op_items){.reason = {"no luck", 7}, .max_attempts = max_attempts,
                                      .retry_after_us = retry_after_us});
}

allot_outcome unpark_due(replica *leader)
{
    return simple(leader, ALLOT_OP_UNPARK);
}

allot_outcome unpark(rig *r, const char *ids)
{
    allot_bytes words[ALLOT_OP_ITEMS_MAX];
    allot_op op = loose_op(r, ALLOT_OP_UNPARK);
    op.u.unpark = (allot_op_unpark){.count = split(ids, words), .ids = words};
    return rig_apply(r, &op);
}

allot_outcome clean(rig *r)
{
    allot_op op = loose_op(r, ALLOT_OP_CLEAN);
    return rig_apply(r, &op);
}

/* ---- reads ------------------------------------------------------------------------------------------------------ */

const allot_view *view(rig *r)
{
    allot_op op = {.kind = ALLOT_OP_READ_VIEW};
    CHECK_OK(rig_apply(r, &op));
    return r->answer.view;
}

bool slot_info(rig *r, const replica *p, allot_slot_info *ret_info)
{
    allot_op op = {.kind = ALLOT_OP_READ_ROSTER, .u.read = {.limit = 1024}};
    CHECK_OK(rig_apply(r, &op));
    for (uint32_t i = 0; i < r->answer.slot_count; i++) {
        if (!uuid_equal(&r->answer.slots[i].slot, &p->slot))
            continue;
        *ret_info = r->answer.slots[i];
        return true;
    }
    return false;
}

static void append_id(bytes *text, allot_bytes id, bool recalled)
{
    const char *space = text->len > 0 ? " " : "";
    ck_assert_int_eq(bytes_printf(text, "%s%.*s%s", space, (int)id.len, id.data, recalled ? "!" : ""), 0);
}

/* The ids of the segments that a read of inbox or share lists, in its order. */
static const char *segments_text(rig *r, allot_op_kind kind, allot_uuid target)
{
    bytes *text = next_text(r);
    uint64_t cursor = 0;
    do {
        allot_op list = {.kind = kind, .u.read = {.target = target, .limit = 64, .cursor = cursor}};
        uint64_t segments[64];
        CHECK_OK(rig_apply(r, &list));
        uint32_t count = r->answer.segment_count;
        cursor = r->answer.next_cursor;
        for (uint32_t i = 0; i < count; i++)
            segments[i] = r->answer.segments[i].segment;
        if (count == 0)
            break;
        allot_op read = {.kind = ALLOT_OP_READ_SEGMENTS,
                         .u.read = {.target = target, .segment_count = count, .segments = segments}};
        CHECK_OK(rig_apply(r, &read));
        for (uint32_t i = 0; i < r->answer.body_count; i++) {
            const allot_segment_body *b = &r->answer.bodies[i];
            for (uint32_t j = 0; j < b->count; j++)
                if (!bits_test(b->done, j))
                    append_id(text, b->ids[j].id, bits_test(b->recalled, j));
        }
    } while (cursor != 0);
    return finish(text);
}

const char *inbox_text(rig *r)
{
    return segments_text(r, ALLOT_OP_READ_INBOX, (allot_uuid){0});
}

const char *share_text(rig *r, const replica *p)
{
    return segments_text(r, ALLOT_OP_READ_SHARE, p->slot);
}

const char *parked_text(rig *r)
{
    bytes *text = next_text(r);
    uint64_t cursor = 0;
    do {
        const allot_answer *a = read_pool(r, cursor);
        for (uint32_t i = 0; i < a->id_count; i++)
            if (a->ids[i].place == ALLOT_PLACE_PARKED)
                append_id(text, a->ids[i].id, false);
        cursor = a->next_cursor;
    } while (cursor != 0);
    return finish(text);
}
