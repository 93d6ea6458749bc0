#include "tests/redis/scene.h"

#include <string.h>

static scene s;

/* Owned by the worker: a segment of its own making (a c), with a done and a recalled id, and a whole one (k l). Inbox:
 * "e f" with what has gone from it, and "m n". Parked: g until now, h for long. */
static void set_up(void)
{
    s.leader = member_leader(s.w, 1);
    s.worker = member_joined(s.w, 2);
    s.caller = outsider_new(s.w, 4);
    s.joining = member_new(s.w, 5);
    s.w->ttl_us = SECOND_US;
    s.dead = member_new(s.w, 3);
    s.dead.not_after_us = s.caller.not_after_us;
    EXPECT_OK(join(&s.dead));
    EXPECT_OK(beat(&s.dead));
    EXPECT_OK(add(&s.leader, "a b c d e f g h i j"));
    EXPECT_OK(add(&s.leader, "k l"));
    EXPECT_OK(grant(&s.leader, &s.worker, "a b c d"));
    EXPECT_OK(grant(&s.leader, &s.worker, "k l"));
    EXPECT_OK(grant(&s.leader, &s.worker, "g h"));
    EXPECT_OK(grant(&s.leader, &s.dead, "i"));
    EXPECT_OK(grant(&s.leader, &s.dead, "j"));
    EXPECT_OK(add(&s.leader, "m n"));
    EXPECT_OK(report(&s.worker, ALLOT_OP_ACK, "d"));
    EXPECT_OK(recall(&s.leader, &s.worker, "c"));
}

static void fail_one(const char *id, int64_t retry_after_us)
{
    allot_item item;
    ck_assert(find_item(&s.worker, id, &item));
    allot_op op = member_op(&s.worker, ALLOT_OP_FAIL);
    op.u.items = (allot_op_items){.count = 1, .items = &item, .reason = {"why", 3}, .retry_after_us = retry_after_us};
    EXPECT_OK(member_call(&s.worker, &op));
}

/* The one that will die names what it is at work on; of what failed, one id is due. */
static void work_and_fail(void)
{
    allot_item item;
    ck_assert(find_item(&s.dead, "i", &item));
    s.ref = (allot_ref){.segment = item.segment, .position = item.position};
    allot_op op = member_op(&s.dead, ALLOT_OP_BEAT);
    op.u.beat = (allot_op_beat){.floors.life = s.dead.life, .ttl_us = s.dead.ttl_us, .working_count = 1,
                                .working = &s.ref};
    EXPECT_OK(member_call(&s.dead, &op));
    fail_one("g", 1);
    fail_one("h", 3600 * (int64_t)SECOND_US);
}

/* ---- The ops ---------------------------------------------------------------------------------------------------- */

static allot_op make_join(void)
{
    return join_op(&s.joining, "name");
}

static allot_op beat_of(member *m)
{
    allot_op op = member_op(m, ALLOT_OP_BEAT);
    op.u.beat = (allot_op_beat){.floors.life = m->life, .ttl_us = m->ttl_us, .draining = true,
                                .fresh_life = world_uuid(s.w)};
    return op;
}

static allot_op make_beat(void)
{
    return beat_of(&s.worker);
}

static allot_op make_leaders_beat(void)
{
    return beat_of(&s.leader);
}

/* Of one who knows more than the store: a new life begins, over the old data. */
static allot_op make_beat_of_loss(void)
{
    allot_op op = beat_of(&s.worker);
    op.u.beat.floors.view = 1000000;
    return op;
}

static allot_op make_join_of_loss(void)
{
    allot_op op = make_join();
    op.u.join.floors = (allot_floors){.life = s.worker.life, .view = 1000000};
    return op;
}

static allot_op make_leave(void)
{
    return member_op(&s.worker, ALLOT_OP_LEAVE);
}

static allot_op make_leaders_leave(void)
{
    return member_op(&s.leader, ALLOT_OP_LEAVE);
}

static allot_op make_campaign(void)
{
    return member_op(&s.worker, ALLOT_OP_CAMPAIGN);
}

static allot_op make_resign(void)
{
    return member_op(&s.leader, ALLOT_OP_RESIGN);
}

static allot_op add_by(member *m)
{
    allot_op op = member_op(m, ALLOT_OP_ADD);
    s.fresh[0] = (allot_new_id){.id = {"x", 1}, .payload = {"payload", 7}};
    s.fresh[1] = (allot_new_id){.id = {"y", 1}};
    op.u.add = (allot_op_add){.count = 2, .ids = s.fresh, .fresh_life = world_uuid(s.w)};
    return op;
}

static allot_op make_add(void)
{
    return add_by(&s.worker);
}

static allot_op make_callers_add(void)
{
    return add_by(&s.caller);
}

static allot_op assign_of(const char *one, const char *two)
{
    allot_op op = member_op(&s.leader, ALLOT_OP_ASSIGN);
    ck_assert(find_part(s.w, one, &s.parts[0]));
    if (two != NULL)
        ck_assert(find_part(s.w, two, &s.parts[1]));
    else
        s.parts[0].position = ALLOT_ALL;
    s.grant = (allot_grant){.part_count = two != NULL ? 2 : 1, .parts = s.parts};
    op.u.assign = (allot_op_assign){.slot_count = 1, .slots = &s.worker.slot, .grant_count = 1, .grants = &s.grant};
    return op;
}

static allot_op make_assign_by_number(void)
{
    return assign_of("m", NULL);
}

static allot_op make_assign_by_position(void)
{
    return assign_of("e", "n");
}

static allot_op make_assign_of_untouched(void)
{
    return assign_of("n", "m");
}

/* "m n", to the worker, the other way round. */
static allot_op make_deal(void)
{
    allot_op op = member_op(&s.leader, ALLOT_OP_DEAL);
    allot_part m, n;
    ck_assert(find_part(s.w, "m", &m) && find_part(s.w, "n", &n) && m.segment == n.segment);
    s.source = (allot_source){.segment = m.segment, .live = 2};
    s.dealt[0] = (allot_dealt){.position = n.position, .id = {"n", 1}};
    s.dealt[1] = (allot_dealt){.position = m.position, .id = {"m", 1}};
    s.pile = (allot_pile){.count = 2, .ids = s.dealt};
    op.u.deal = (allot_op_deal){.slot_count = 1, .slots = &s.worker.slot, .source_count = 1, .sources = &s.source,
                                .pile_count = 1, .piles = &s.pile};
    return op;
}

static allot_op make_recall(void)
{
    allot_op op = member_op(&s.leader, ALLOT_OP_RECALL);
    ck_assert(find_owned_part(&s.worker, "a", &s.parts[0]));
    ck_assert(find_owned_part(&s.worker, "l", &s.parts[1]));
    op.u.recall = (allot_op_recall){.target = s.worker.slot, .part_count = 2, .parts = s.parts};
    return op;
}

static allot_op make_first_recall(void)
{
    allot_op op = member_op(&s.leader, ALLOT_OP_RECALL);
    ck_assert(find_owned_part(&s.dead, "j", &s.parts[0]));
    op.u.recall = (allot_op_recall){.target = s.dead.slot, .part_count = 1, .parts = s.parts};
    return op;
}

static allot_op make_recall_by_bitmap(void)
{
    allot_op op = make_recall();
    memset(s.which, 0, sizeof(s.which));
    s.which[0] = UINT64_C(1) << s.parts[0].position;
    s.parts[0].position = ALLOT_ALL;
    s.parts[0].which = s.which;
    return op;
}

static allot_op make_retire(void)
{
    allot_op op = member_op(&s.leader, ALLOT_OP_RETIRE);
    op.u.target = (allot_op_target){.target = s.worker.slot};
    return op;
}

/* The id that it was at work on is parked for good. */
static allot_op make_reap(void)
{
    allot_op op = member_op(&s.leader, ALLOT_OP_REAP);
    op.u.target = (allot_op_target){.target = s.dead.slot, .max_attempts = 1};
    return op;
}

static allot_op make_publish(void)
{
    allot_op op = member_op(&s.leader, ALLOT_OP_PUBLISH);
    op.u.publish = (allot_op_publish){.version = 1, .settled_age = 1, .strategy = {"x", 1}};
    return op;
}

/* k and l are a segment in which nothing is done; of a and c, in another, c is recalled. K: all of its segment. */
static allot_op items_of(member *m, allot_op_kind kind, const char *ids)
{
    allot_op op = member_op(m, kind);
    uint32_t count = (uint32_t)strlen(ids);
    for (uint32_t i = 0; i < count; i++) {
        char id[] = {ids[i], '\0'};
        bool whole = id[0] == 'K';
        id[0] = whole ? 'k' : id[0];
        ck_assert(find_item(m, id, &s.items[i]));
        s.items[i].position = whole ? ALLOT_ALL : s.items[i].position;
    }
    op.u.items = (allot_op_items){.count = count, .items = s.items, .reason = {"why", 3}, .max_attempts = 2,
                                  .retry_after_us = SECOND_US};
    return op;
}

static allot_op make_release(void)
{
    return items_of(&s.worker, ALLOT_OP_RELEASE, "Kac");
}

static allot_op make_release_of_one(void)
{
    return items_of(&s.worker, ALLOT_OP_RELEASE, "l");
}

static allot_op make_release_without_recalls(void)
{
    return items_of(&s.dead, ALLOT_OP_RELEASE, "i");
}

static allot_op make_ack(void)
{
    return items_of(&s.worker, ALLOT_OP_ACK, "kacl");
}

static allot_op make_fail(void)
{
    return items_of(&s.worker, ALLOT_OP_FAIL, "kacl");
}

static allot_op make_unpark(void)
{
    return member_op(&s.leader, ALLOT_OP_UNPARK);
}

static allot_op make_callers_unpark(void)
{
    allot_op op = member_op(&s.caller, ALLOT_OP_UNPARK);
    s.id = (allot_bytes){"h", 1};
    op.u.unpark = (allot_op_unpark){.count = 1, .ids = &s.id};
    return op;
}

static allot_op make_clean(void)
{
    return member_op(&s.caller, ALLOT_OP_CLEAN);
}

static const attempt attempts[] = {
    {"join", &s.joining, make_join, 0},
    {"join, life lost", &s.joining, make_join_of_loss, 0},
    {"beat", &s.worker, make_beat, 0},
    {"beat of the leader", &s.leader, make_leaders_beat, 0},
    {"beat, life lost", &s.worker, make_beat_of_loss, REFUSED},
    {"leave", &s.worker, make_leave, 0},
    {"leave of the leader", &s.leader, make_leaders_leave, 0},
    {"campaign", &s.worker, make_campaign, LEADERLESS},
    {"resign", &s.leader, make_resign, 0},
    {"add", &s.worker, make_add, 0},
    {"add without a slot", &s.caller, make_callers_add, 0},
    {"assign by number", &s.leader, make_assign_by_number, 0},
    {"assign by position", &s.leader, make_assign_by_position, 0},
    {"assign of what nothing was taken from", &s.leader, make_assign_of_untouched, 0},
    {"assign after a clean", &s.leader, make_assign_by_number, CLEANED},
    {"deal", &s.leader, make_deal, 0},
    {"deal after a clean", &s.leader, make_deal, CLEANED},
    {"recall", &s.leader, make_recall, 0},
    {"recall by bitmap", &s.leader, make_recall_by_bitmap, 0},
    {"recall, the first", &s.leader, make_first_recall, 0},
    {"retire", &s.leader, make_retire, 0},
    {"reap", &s.leader, make_reap, 0},
    {"publish", &s.leader, make_publish, 0},
    {"release", &s.worker, make_release, 0},
    {"release of one", &s.worker, make_release_of_one, 0},
    {"release without recalls", &s.dead, make_release_without_recalls, 0},
    {"ack", &s.worker, make_ack, 0},
    {"fail", &s.worker, make_fail, 0},
    {"unpark", &s.leader, make_unpark, 0},
    {"unpark without a slot", &s.caller, make_callers_unpark, 0},
    {"clean", &s.caller, make_clean, 0},
};

/* ------------------------------------------------------------------------------------------------------------------ */

int scene_attempts(void)
{
    return (int)(sizeof(attempts) / sizeof(attempts[0]));
}

scene *scene_begin(void)
{
    s = (scene){.w = stand_begin(NULL)};
    s.server = stand_server(s.w);
    return &s;
}

void scene_end(void)
{
    stand_end(s.w);
    s.w = NULL;
}

const attempt *scene_prepare(int i, allot_op *ret_op)
{
    const attempt *a = &attempts[i];
    set_up();
    work_and_fail();
    if (a->make == make_reap)
        world_advance(s.w, s.dead.ttl_us + 10000);
    if (a->flags & LEADERLESS)
        EXPECT_OK(resign(&s.leader));
    if (a->flags & CLEANED) {
        EXPECT_OK(clean(&s.leader));
        EXPECT_OK(add(&s.leader, "m n"));
    }
    *ret_op = a->make();
    return a;
}

const allot_answer *scene_call(const attempt *a, allot_op *op)
{
    if (op->sequence != 0)
        op->sequence = ++a->by->sequence;
    return member_call(a->by, op);
}

bool scene_is_done(const attempt *a, const allot_answer *answer)
{
    if (a->flags & REFUSED)
        return answer->outcome.status == ALLOT_STATUS_REFUSED && answer->outcome.reason == ALLOT_REFUSED_LIFE;
    return answer->outcome.status == ALLOT_STATUS_OK;
}

void scene_expect_done(const attempt *a, const allot_answer *answer)
{
    ck_assert_msg(scene_is_done(a, answer), "%s: status %d, reason %d: %s", a->name, (int)answer->outcome.status,
                  (int)answer->outcome.reason, answer->message != NULL ? answer->message : "");
}
