/* store_random.c - long random sequences of ops, good and malformed. After every op the store keeps its promises; and a
 * second store that gets only the ops that said `changed`, and is now and then dumped and loaded, is always equal. */
#include "backends/store/internal.h"
#include "tests/unit/random.h"
#include "tests/unit/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The order of initializers is the compiler's: draws that follow one another are statements of their own. */
enum { SLOTS = 7, IDS = 90, STEPS = 9000, LIST = 24 };

typedef struct chaos {
    rig *r;
    rig *twin;
    uint64_t random;
    uint64_t sequences[SLOTS + 3]; /* of slots 1 to SLOTS, then of two sessions without a slot */
    uint64_t made_up; /* slots so far */
    uint64_t happened[ALLOT_OP_KIND_END][ALLOT_REASON_END];
    allot_op op;
    /* what the op points to */
    char texts[LIST][8];
    allot_new_id new_ids[LIST];
    allot_bytes names[LIST];
    allot_part parts[LIST];
    allot_grant grants[4];
    allot_uuid slots[SLOTS];
    uint64_t which[LIST][ALLOT_SEGMENT_IDS_MAX / 64];
    allot_source sources[3];
    allot_pile piles[4];
    allot_dealt dealt[4][3 * IDS];
    char dealt_texts[4][3 * IDS][8]; /* of their own: a deal may end the segments that they lie in */
    allot_item items[LIST];
    allot_ref working[LIST];
    uint64_t segments[LIST];
} chaos;

static uint32_t below(chaos *c, uint32_t n)
{
    return random_below(&c->random, n);
}

static bool rarely(chaos *c, uint32_t n)
{
    return below(c, n) == 0;
}

static allot_bytes random_id(chaos *c, uint32_t i)
{
    int len = snprintf(c->texts[i], sizeof(c->texts[i]), "i%u", (unsigned)below(c, IDS));
    return (allot_bytes){c->texts[i], (uint32_t)len};
}

/* A segment that is there, most often; or one that was or will be. */
static const store_segment *random_segment(chaos *c, uint64_t *ret_number)
{
    const numbered *all = &c->r->s->segments;
    if (all->len == 0 || rarely(c, 8)) {
        *ret_number = c->r->s->segment + 2 - below(c, 10) % (c->r->s->segment + 1);
        return NULL;
    }
    const numbered_entry *e = &all->entries[below(c, (uint32_t)all->len)];
    *ret_number = e->number;
    return e->item;
}

static uint32_t random_position(chaos *c, const store_segment *g)
{
    return g == NULL || rarely(c, 20) ? below(c, 40) : below(c, g->count);
}

static void fill_parts(chaos *c)
{
    for (uint32_t i = 0; i < LIST; i++) {
        const store_segment *g = random_segment(c, &c->parts[i].segment);
        c->parts[i].position = rarely(c, 3) ? ALLOT_ALL : random_position(c, g);
        c->parts[i].take = rarely(c, 2) ? 0 : below(c, 6);
    }
}

/* Any slot of the roster; at times one that is not in it. */
static allot_uuid random_target(chaos *c)
{
    const numbered *all = &c->r->s->slots;
    const store_slot *slot = all->len == 0 ? NULL : all->entries[below(c, (uint32_t)all->len)].item;
    return slot == NULL || rarely(c, 10) ? c->slots[below(c, SLOTS)] : slot->id;
}

/* A slot whose lease is over joins again under a new name, most often. */
static void fill_join(chaos *c, uint32_t who)
{
    const store_slot *slot = store_slot_find(c->r->s, &c->slots[who]);
    if (slot != NULL && !store_slot_is_valid(slot, c->r->now_us) && !rarely(c, 5)) {
        c->slots[who] = rig_uuid(++c->made_up);
        c->sequences[who] = 1;
        c->op.slot = c->op.session = c->slots[who];
        c->op.sequence = 1;
    }
    allot_op_join *join = &c->op.u.join;
    *join = (allot_op_join){.name = random_id(c, 0), .host = {"h", 1}};
    join->pid = below(c, 100);
    join->ttl_us = (2 + below(c, 9)) * (int64_t)SECOND_US;
    join->weight = 1 + below(c, 5);
    join->quarantine_always = rarely(c, 20);
    join->fresh_life = rig_uuid(c->random);
}

static allot_floors random_floors(chaos *c)
{
    const store *s = c->r->s;
    allot_floors f = {.life = s->life, .view = s->view, .term = s->term, .token = s->token};
    if (rarely(c, 4))
        f = (allot_floors){.life = f.life};
    if (rarely(c, 200))
        f.life = rig_uuid(4);
    if (rarely(c, 500))
        f.token++;
    return f;
}

static void fill_beat(chaos *c)
{
    uint32_t count = below(c, LIST);
    for (uint32_t i = 0; i < count; i++) {
        const store_segment *g = random_segment(c, &c->working[i].segment);
        c->working[i].position = random_position(c, g);
    }
    allot_op_beat *beat = &c->op.u.beat;
    *beat = (allot_op_beat){.floors = random_floors(c), .working_count = count, .working = c->working};
    beat->fresh_life = rig_uuid(c->random);
    beat->draining = rarely(c, 6);
}

static void fill_add(chaos *c)
{
    for (uint32_t i = 0; i < LIST; i++) {
        c->new_ids[i] = (allot_new_id){.id = random_id(c, i)};
        if (rarely(c, 3))
            c->new_ids[i].payload = (allot_bytes){"payload", 7};
    }
    c->op.u.add = (allot_op_add){.count = 1 + below(c, LIST), .ids = c->new_ids};
    c->op.u.add.fresh_life = rig_uuid(c->random);
}

static void fill_assign(chaos *c)
{
    fill_parts(c);
    uint32_t grants = below(c, 5);
    for (uint32_t i = 0; i < grants; i++) {
        c->grants[i] = (allot_grant){.slot_index = below(c, SLOTS), .parts = c->parts + 6 * i};
        c->grants[i].part_count = below(c, 7);
    }
    c->op.u.assign = (allot_op_assign){.slot_count = SLOTS, .slots = c->slots, .grant_count = grants,
                                       .grants = c->grants};
}

static void fill_recall(chaos *c)
{
    fill_parts(c);
    for (uint32_t i = 0; i < LIST; i++) {
        if (!rarely(c, 3))
            continue;
        memset(c->which[i], 0, sizeof(c->which[i]));
        for (uint32_t k = 0; k < 5; k++)
            bits_set(c->which[i], below(c, 40));
        c->parts[i] = (allot_part){.segment = c->parts[i].segment, .position = ALLOT_ALL, .which = c->which[i]};
    }
    c->op.u.recall = (allot_op_recall){.target = random_target(c), .parts = c->parts};
    c->op.u.recall.part_count = 1 + below(c, LIST);
}

/* What is left of a segment, id by id onto any of the piles; at times one id is left out, or not there. */
static void deal_segment(chaos *c, uint32_t source, const store_segment *g)
{
    for (uint32_t i = 0; i < g->count; i++) {
        bool there = store_segment_has(g, i);
        if (there ? rarely(c, 400) : !rarely(c, 400))
            continue;
        allot_pile *pile = &c->piles[below(c, 4)];
        uint32_t at = pile->count++;
        char *text = c->dealt_texts[pile - c->piles][at];
        allot_bytes id = store_segment_id(g, i);
        memcpy(text, id.data, id.len);
        c->dealt[pile - c->piles][at] = (allot_dealt){.source = source, .position = i, .id = {text, id.len}};
        c->sources[source].live++;
    }
}

static void fill_deal(chaos *c)
{
    allot_op_deal *d = &c->op.u.deal;
    *d = (allot_op_deal){.slot_count = SLOTS, .slots = c->slots, .sources = c->sources, .piles = c->piles};
    uint32_t most = 1 + below(c, 3);
    uint32_t slots[2];
    for (uint32_t i = 0; i < 2; i++)
        slots[i] = below(c, SLOTS);
    for (uint32_t i = 0; i < 4; i++)
        c->piles[i] = (allot_pile){.slot_index = slots[below(c, 2)], .ids = c->dealt[i]};
    for (uint32_t tries = 0; tries < 12 && d->source_count < most; tries++) {
        uint64_t number;
        const store_segment *g = random_segment(c, &number);
        if (g == NULL || (g->owner != NULL && !rarely(c, 100)))
            continue;
        c->sources[d->source_count] = (allot_source){.segment = number};
        deal_segment(c, d->source_count++, g);
    }
    for (uint32_t i = 0; i < 4; i++)
        if (c->piles[i].count > 0)
            c->piles[d->pile_count++] = c->piles[i];
}

static void fill_items(chaos *c)
{
    uint32_t count = 1 + below(c, LIST);
    for (uint32_t i = 0; i < count; i++) {
        const store_segment *g = random_segment(c, &c->items[i].segment);
        c->items[i].position = random_position(c, g);
        c->items[i].token = g == NULL ? 5 : g->token + rarely(c, 20);
        c->items[i].id = rarely(c, 30) ? random_id(c, i) : (allot_bytes){0};
        if (c->op.kind == ALLOT_OP_RELEASE && rarely(c, 5))
            c->items[i].position = ALLOT_ALL;
    }
    allot_op_items *op = &c->op.u.items;
    *op = (allot_op_items){.count = count, .items = c->items, .reason = {"because", 7}};
    op->reason.len = below(c, 8);
    op->max_attempts = below(c, 4);
    op->retry_after_us = below(c, 3) * (int64_t)SECOND_US;
}

static void fill_read(chaos *c)
{
    for (uint32_t i = 0; i < LIST; i++)
        random_segment(c, &c->segments[i]);
    allot_op_read *read = &c->op.u.read;
    *read = (allot_op_read){.segments = c->segments};
    if (rarely(c, 2))
        read->cursor = c->random;
    read->limit = 1 + below(c, 30);
    read->reapable_only = rarely(c, 2);
    read->with_payloads = rarely(c, 2);
    read->segment_count = 1 + below(c, LIST);
    if (!rarely(c, 3))
        read->target = random_target(c);
}

static void fill_body(chaos *c, uint32_t who)
{
    allot_op *op = &c->op;
    switch (op->kind) {
    case ALLOT_OP_JOIN:
        fill_join(c, who);
        break;
    case ALLOT_OP_BEAT:
        fill_beat(c);
        break;
    case ALLOT_OP_ADD:
        fill_add(c);
        break;
    case ALLOT_OP_ASSIGN:
        fill_assign(c);
        break;
    case ALLOT_OP_RECALL:
        fill_recall(c);
        break;
    case ALLOT_OP_DEAL:
        fill_deal(c);
        break;
    case ALLOT_OP_RETIRE:
    case ALLOT_OP_REAP:
        op->u.target.target = random_target(c);
        op->u.target.max_attempts = below(c, 4);
        break;
    case ALLOT_OP_PUBLISH:
        op->u.publish = (allot_op_publish){.version = c->r->s->version + 1 - rarely(c, 2), .strategy = {"hash", 4}};
        break;
    case ALLOT_OP_RELEASE:
    case ALLOT_OP_ACK:
    case ALLOT_OP_FAIL:
        fill_items(c);
        break;
    case ALLOT_OP_UNPARK:
        for (uint32_t i = 0; i < LIST; i++)
            c->names[i] = random_id(c, i);
        op->u.unpark = (allot_op_unpark){.count = 1 + below(c, LIST), .ids = c->names};
        break;
    default:
        if (op->kind > ALLOT_OP_READ_VIEW)
            fill_read(c);
        break;
    }
}

static uint64_t random_sequence(chaos *c, uint32_t session)
{
    if (!rarely(c, 12))
        return ++c->sequences[session];
    uint64_t back = below(c, 80);
    return c->sequences[session] > back ? c->sequences[session] - back : 1;
}

/* Who speaks: a slot, most often the leader where it takes one; or nobody. Returns its index. */
static uint32_t fill_speaker(chaos *c)
{
    allot_op *op = &c->op;
    uint32_t who = below(c, SLOTS);
    bool leaders = op->kind == ALLOT_OP_RESIGN || (op->kind >= ALLOT_OP_ASSIGN && op->kind <= ALLOT_OP_PUBLISH);
    bool loose = op->kind == ALLOT_OP_ADD || op->kind == ALLOT_OP_CLEAN || op->kind == ALLOT_OP_UNPARK;
    for (uint32_t i = 0; i < SLOTS && (leaders || loose) && !rarely(c, 10); i++)
        if (uuid_equal(&c->slots[i], &c->r->s->leader))
            who = i;
    op->slot = op->session = c->slots[who];
    op->term = loose && rarely(c, 2) ? 0 : c->r->s->term - rarely(c, 40);
    if (loose && rarely(c, 2)) {
        who = SLOTS + below(c, 2);
        op->slot = (allot_uuid){0};
        op->session = rig_uuid(1000000 + who);
        op->term = 0;
        op->not_after_us = c->r->now_us + below(c, 20) * (int64_t)SECOND_US - SECOND_US;
    }
    op->sequence = random_sequence(c, who);
    return who;
}

static void corrupt_lists(chaos *c)
{
    static const uint32_t counts[] = {0, ALLOT_OP_ITEMS_MAX + 1, UINT32_MAX};
    static const allot_bytes texts[] = {{NULL, 0}, {NULL, 9}, {"\xc3", 1}, {"a\nb", 3}};
    uint32_t count = counts[below(c, 3)];
    allot_bytes text = texts[below(c, 4)];
    allot_op *op = &c->op;
    if (op->kind == ALLOT_OP_ADD && rarely(c, 2))
        op->u.add.count = count;
    else if (op->kind == ALLOT_OP_ADD)
        c->new_ids[0].id = text;
    else if (op->kind == ALLOT_OP_ASSIGN)
        op->u.assign.slot_count = 0;
    else if (op->kind == ALLOT_OP_DEAL && rarely(c, 2))
        op->u.deal.source_count = count;
    else if (op->kind == ALLOT_OP_DEAL)
        op->u.deal.pile_count = count;
    else if (op->kind == ALLOT_OP_RECALL)
        op->u.recall.part_count = count;
    else if (op->kind >= ALLOT_OP_RELEASE && op->kind <= ALLOT_OP_FAIL)
        op->u.items.count = count;
    else if (op->kind == ALLOT_OP_UNPARK && rarely(c, 2))
        op->u.unpark.count = count;
    else if (op->kind == ALLOT_OP_UNPARK)
        c->names[0] = text;
    else if (op->kind == ALLOT_OP_JOIN)
        op->u.join.name = text;
    else if (op->kind > ALLOT_OP_READ_VIEW)
        op->u.read.limit = op->u.read.segment_count = count;
}

static void corrupt(chaos *c)
{
    allot_op *op = &c->op;
    switch (below(c, 6)) {
    case 0:
        op->kind = (allot_op_kind)((int)below(c, 60) - 20);
        memset(&op->u, 0, sizeof(op->u));
        break;
    case 1:
        op->session = (allot_uuid){0};
        break;
    case 2:
        op->sequence = rarely(c, 2) ? 0 : UINT64_MAX - below(c, 100);
        break;
    case 3:
        op->slot = (allot_uuid){0};
        break;
    default:
        corrupt_lists(c);
        break;
    }
}

static void pass_time(chaos *c)
{
    if (rarely(c, 3))
        rig_advance(c->r, below(c, SECOND_US / 8));
    if (rarely(c, 700))
        rig_advance(c->r, 12 * SECOND_US);
    if (rarely(c, 700))
        rig_advance(c->r, -(int64_t)below(c, 30 * SECOND_US));
    c->r->floor = rarely(c, 50) ? c->random >> 20 & 0xffff : 1;
    c->twin->now_us = c->r->now_us;
    c->twin->floor = c->r->floor;
}

/* The most frequent ops of a group that lives; each kind comes at times. */
static allot_op_kind random_kind(chaos *c)
{
    static const allot_op_kind often[] = {ALLOT_OP_JOIN,   ALLOT_OP_BEAT,    ALLOT_OP_BEAT,   ALLOT_OP_BEAT,
                                          ALLOT_OP_BEAT,   ALLOT_OP_CAMPAIGN, ALLOT_OP_ADD,   ALLOT_OP_ASSIGN,
                                          ALLOT_OP_ASSIGN, ALLOT_OP_ASSIGN,  ALLOT_OP_RECALL, ALLOT_OP_RELEASE,
                                          ALLOT_OP_ACK,    ALLOT_OP_FAIL,    ALLOT_OP_UNPARK, ALLOT_OP_REAP,
                                          ALLOT_OP_DEAL};
    if (rarely(c, 5))
        return (allot_op_kind)(1 + below(c, ALLOT_OP_KIND_END - 1));
    return often[below(c, sizeof(often) / sizeof(often[0]))];
}

static bool same_outcome(const allot_outcome *a, const allot_outcome *b)
{
    return a->status == b->status && a->reason == b->reason && a->count == b->count && a->skipped == b->skipped &&
           a->more == b->more && a->term == b->term && a->wait_us == b->wait_us &&
           memcmp(a->refused, b->refused, sizeof(a->refused)) == 0;
}

static void random_step(chaos *c)
{
    pass_time(c);
    c->op = (allot_op){.kind = random_kind(c), .cookie = c->random};
    if (c->op.kind == ALLOT_OP_CLEAN && !rarely(c, 10))
        c->op.kind = ALLOT_OP_ADD;
    uint32_t who = fill_speaker(c);
    fill_body(c, who);
    if (rarely(c, 15))
        corrupt(c);
    allot_outcome o = rig_apply(c->r, &c->op);
    if (c->op.kind > 0 && c->op.kind < ALLOT_OP_KIND_END)
        c->happened[c->op.kind][o.reason]++;
    if (!c->r->effects.changed)
        return;
    allot_outcome twins = rig_apply(c->twin, &c->op);
    ck_assert(same_outcome(&o, &twins));
}

static void maybe_prove_dead(chaos *c)
{
    if (!rarely(c, 150))
        return;
    store_effects effects, twins;
    allot_uuid slot = random_target(c);
    ck_assert_int_eq(store_prove_dead(c->r->s, &slot, &effects), 0);
    ck_assert_int_eq(store_prove_dead(c->twin->s, &slot, &twins), 0);
    ck_assert_int_eq(effects.changed, twins.changed);
}

static void compare(chaos *c)
{
    const char *state = rig_dump(c->r);
    ck_assert_str_eq(rig_dump(c->twin), state);
    rig_load(c->twin, state);
    ck_assert_str_eq(rig_dump(c->twin), state);
}

/* That the sequence was worth its while: each transition was both done and refused. */
static void check_coverage(const chaos *c)
{
    for (int kind = ALLOT_OP_JOIN; kind < ALLOT_OP_KIND_END; kind++)
        ck_assert_msg(c->happened[kind][ALLOT_REFUSED_NOTHING] > 0, "kind %d never succeeded", kind);
    for (int reason = ALLOT_REFUSED_GONE; reason < ALLOT_REASON_END; reason++) {
        uint64_t sum = 0;
        for (int kind = ALLOT_OP_JOIN; kind < ALLOT_OP_KIND_END; kind++)
            sum += c->happened[kind][reason];
        ck_assert_msg(sum > 0, "nothing was refused for reason %d", reason);
    }
}

START_TEST(a_long_random_sequence_keeps_every_promise)
{
    chaos *c = calloc(1, sizeof(*c));
    ck_assert_ptr_nonnull(c);
    c->r = rig_new();
    c->twin = rig_new();
    c->random = 1000 + (uint64_t)_i;
    c->r->s->pool_ids_max = 80; /* so that it is reached */
    for (uint64_t i = 0; i < SLOTS; i++)
        c->slots[i] = rig_uuid(++c->made_up);
    for (int i = 0; i < STEPS; i++) {
        c->twin->s->pool_ids_max = c->r->s->pool_ids_max;
        random_step(c);
        maybe_prove_dead(c);
        if (i % 40 == 0)
            compare(c);
    }
    compare(c);
    check_coverage(c);
    rig_free(c->r);
    rig_free(c->twin);
    free(c);
}
END_TEST

Suite *random_suite(void)
{
    Suite *s = suite_create("store: random");
    TCase *c = tcase_create("all");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, a_long_random_sequence_keeps_every_promise, 0, 5);
    suite_add_tcase(s, c);
    return s;
}
