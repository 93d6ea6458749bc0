/* foreign.c - somebody else's keys under our names: every transition is whole or nothing, says which key it is, and
 * leaves that key alone. Every op is tried with each of the names in turn taken by a text. */
#include "tests/redis/stand.h"
#include "tests/redis/suites.h"

#include "base/uuid_text.h"

#include <stdio.h>
#include <string.h>

enum { ITEMS_MAX = 4, KEY_BYTES = 120, DIGEST_BYTES = 48 };

/* What the ops below are done to: a leader, a worker with a share, one that has died at work, one that has not joined,
 * and a caller without a slot. */
typedef struct scene {
    world *w;
    redis_server *server;
    member leader, worker, dead, joining, caller;
    allot_item items[ITEMS_MAX];
    allot_part parts[ITEMS_MAX];
    allot_grant grant;
    allot_new_id fresh[2];
    allot_bytes id;
    allot_ref ref;
} scene;

static scene s;

static void begin(void)
{
    s = (scene){0};
}

static void end(void)
{
    stand_end(s.w);
}

/* Owned by the worker: a segment of its own making (a c), with a done and a recalled id, and a whole one (k l). Inbox:
 * "e f" with what has gone from it, and "m n". Parked: g until now, h for long. */
static void set_up(void)
{
    s.w = stand_begin(NULL);
    s.server = stand_server(s.w);
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

typedef struct attempt {
    const char *name;
    member *by;
    allot_op (*make)(void);
    unsigned flags;
} attempt;

enum {
    LEADERLESS = 1, /* the leader resigns before */
    CLEANED = 2,    /* the pool is cleaned before; "m n" is added again */
    REFUSED = 4     /* it is refused, and still changes something */
};

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
    {"recall", &s.leader, make_recall, 0},
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

/* ---- The keys --------------------------------------------------------------------------------------------------- */

static const char *const group_keys[] = {"state",   "db",    "seg",   "done",  "live", "segments",
                                         "inbox",   "slots", "ages",  "ttls",  "LOCK", "parked",
                                         "parking", "fails", "sessions", "outcomes"};
static const char *const slot_keys[] = {"slot:%s", "slot:%s:ids", "slot:%s:recalls", "session:%s"};

enum { GROUP_KEYS = sizeof(group_keys) / sizeof(group_keys[0]), SLOT_KEYS = sizeof(slot_keys) / sizeof(slot_keys[0]) };
enum { KEYS = GROUP_KEYS + 4 * SLOT_KEYS };

static void name_key(int i, char *ret_key)
{
    const member *const slots[] = {&s.leader, &s.worker, &s.dead, &s.joining};
    char slot[ALLOT_UUID_TEXT_BYTES], name[KEY_BYTES];
    if (i < GROUP_KEYS) {
        snprintf(ret_key, KEY_BYTES, STAND_KEYS "%s", group_keys[i]);
        return;
    }
    i -= GROUP_KEYS;
    uuid_to_text(&slots[i / SLOT_KEYS]->slot, slot);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(name, sizeof(name), slot_keys[i % SLOT_KEYS], slot);
#pragma GCC diagnostic pop
    snprintf(ret_key, KEY_BYTES, STAND_KEYS "%.70s", name);
}

static void take_digest(char *ret_digest)
{
    snprintf(ret_digest, DIGEST_BYTES, "%s", redis_server_ask(s.server, "DEBUG DIGEST"));
    ck_assert_uint_ge(strlen(ret_digest), 40);
}

static void restore(void)
{
    ck_assert_str_eq(redis_server_ask(s.server, "DEBUG RELOAD NOSAVE"), "OK");
}

static bool is_done(const attempt *a, const allot_answer *answer)
{
    if (a->flags & REFUSED)
        return answer->outcome.status == ALLOT_STATUS_REFUSED && answer->outcome.reason == ALLOT_REFUSED_LIFE;
    return answer->outcome.status == ALLOT_STATUS_OK;
}

/* Refused by rule, without that key's having been looked at (a slot of another type has no life, say). */
static bool is_refused(const attempt *a, const allot_answer *answer)
{
    return !(a->flags & REFUSED) && answer->outcome.status == ALLOT_STATUS_REFUSED;
}

/* Returns whether the op failed. */
static bool try_with(const attempt *a, allot_op *op, const char *key)
{
    char before[DIGEST_BYTES], after[DIGEST_BYTES];
    restore();
    ck_assert_str_eq(redis_server_ask(s.server, "SET %s text", key), "OK");
    take_digest(before);
    if (op->sequence != 0)
        op->sequence = ++a->by->sequence;
    const allot_answer *answer = member_call(a->by, op);
    take_digest(after);
    ck_assert_msg(strcmp(redis_server_ask(s.server, "GET %s", key), "text") == 0, "%s: it took %s", a->name, key);
    if (is_done(a, answer))
        return false;
    ck_assert_msg(!is_refused(a, answer), "%s, %s: refused", a->name, key);
    ck_assert_msg(strcmp(before, after) == 0, "%s, %s: it was done in part", a->name, key);
    ck_assert_msg(answer->outcome.status == ALLOT_STATUS_UNAVAILABLE, "%s, %s: status %d", a->name, key,
                  (int)answer->outcome.status);
    ck_assert_msg(strstr(answer->message, "WRONGTYPE") != NULL && strstr(answer->message, key) != NULL, "%s, %s: %s",
                  a->name, key, answer->message);
    return true;
}

START_TEST(whole_or_nothing)
{
    const attempt *a = &attempts[_i];
    char key[KEY_BYTES], before[DIGEST_BYTES], after[DIGEST_BYTES];
    int failed = 0;
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
    allot_op op = a->make();
    ck_assert_str_eq(redis_server_ask(s.server, "SAVE"), "OK");
    take_digest(before);
    const allot_answer *answer = member_call(a->by, &op);
    ck_assert_msg(is_done(a, answer), "%s: status %d, reason %d: %s", a->name, (int)answer->outcome.status,
                  (int)answer->outcome.reason, answer->message != NULL ? answer->message : "");
    take_digest(after);
    ck_assert_str_ne(before, after);
    for (int i = 0; i < KEYS; i++) {
        name_key(i, key);
        failed += try_with(a, &op, key);
    }
    ck_assert_msg(failed >= 3, "%s failed with %d keys only", a->name, failed);
    restore(); /* it all was the keys' fault */
    if (op.sequence != 0)
        op.sequence = ++a->by->sequence;
    ck_assert_msg(is_done(a, member_call(a->by, &op)), "%s", a->name);
}
END_TEST

/* What fails for another reason may have been applied in part, for all that we know. */
START_TEST(a_value_of_somebody_else)
{
    set_up();
    allot_op op = make_ack();
    redis_server_ask(s.server, "HSET " STAND_KEYS "state clean_epoch nonsense");
    const allot_answer *answer = member_call(&s.worker, &op);
    ck_assert_int_eq(answer->outcome.status, ALLOT_STATUS_UNKNOWN);
    ck_assert_msg(strstr(answer->message, "script") != NULL, "%s", answer->message);
    redis_server_ask(s.server, "SET " STAND_KEYS "parked text");
    ck_assert_int_eq(member_call(&s.worker, &op)->outcome.status, ALLOT_STATUS_UNKNOWN);
}
END_TEST

Suite *redis_foreign_suite(void)
{
    Suite *suite = suite_create("redis foreign");
    TCase *t = tcase_create("keys");
    tcase_set_timeout(t, REDIS_TEST_TIMEOUT);
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_loop_test(t, whole_or_nothing, 0, (int)(sizeof(attempts) / sizeof(attempts[0])));
    tcase_add_test(t, a_value_of_somebody_else);
    suite_add_tcase(suite, t);
    return suite;
}
