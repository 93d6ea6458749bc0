/* foreign.c - somebody else's keys under our names: every transition is whole or nothing, says which key it is, and
 * leaves that key alone. Every op is tried with each of the names in turn taken by a text. */
#include "tests/redis/scene.h"
#include "tests/redis/suites.h"

#include "base/uuid_text.h"

#include <stdio.h>
#include <string.h>

enum { KEY_BYTES = 120, DIGEST_BYTES = 48 };

static scene *s;

static const char *const group_keys[] = {"state",   "db",    "seg",   "done",  "live", "segments",
                                         "inbox",   "slots", "ages",  "ttls",  "LOCK", "parked",
                                         "parking", "fails", "sessions", "outcomes"};
static const char *const slot_keys[] = {"slot:%s", "slot:%s:ids", "slot:%s:recalls", "session:%s"};

enum { GROUP_KEYS = sizeof(group_keys) / sizeof(group_keys[0]), SLOT_KEYS = sizeof(slot_keys) / sizeof(slot_keys[0]) };
enum { KEYS = GROUP_KEYS + 4 * SLOT_KEYS };

static void name_key(int i, char *ret_key)
{
    const member *const slots[] = {&s->leader, &s->worker, &s->dead, &s->joining};
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
    snprintf(ret_digest, DIGEST_BYTES, "%s", redis_server_ask(s->server, "DEBUG DIGEST"));
    ck_assert_uint_ge(strlen(ret_digest), 40);
}

static void restore(void)
{
    ck_assert_str_eq(redis_server_ask(s->server, "DEBUG RELOAD NOSAVE"), "OK");
}

/* Refused by rule, without that key's having been looked at (a slot of another type has no life, say). */
static bool is_refused(const attempt *a, const allot_answer *answer)
{
    return !(a->flags & REFUSED) && answer->outcome.status == ALLOT_STATUS_REFUSED;
}

/* The texts of a deal may lie under `seg` before its script begins. Without the state it cannot take them away again:
 * nobody reads them, `clean` removes them. No other op may leave any. */
static void drop_laid_texts(const attempt *a, const char *key)
{
    if (strncmp(a->name, "deal", 4) == 0 && strcmp(key, STAND_KEYS "state") == 0)
        redis_server_ask(s->server, "EVAL \"for _, f in ipairs(redis.call('HKEYS', KEYS[1])) do "
                                    "if redis.call('HEXISTS', KEYS[2], f) == 0 then redis.call('HDEL', KEYS[1], f) end "
                                    "end\" 2 " STAND_KEYS "seg " STAND_KEYS "live");
}

/* Returns whether the op failed. */
static bool try_with(const attempt *a, allot_op *op, const char *key)
{
    char before[DIGEST_BYTES], after[DIGEST_BYTES];
    restore();
    ck_assert_str_eq(redis_server_ask(s->server, "SET %s text", key), "OK");
    take_digest(before);
    const allot_answer *answer = scene_call(a, op);
    drop_laid_texts(a, key);
    take_digest(after);
    ck_assert_msg(strcmp(redis_server_ask(s->server, "GET %s", key), "text") == 0, "%s: it took %s", a->name, key);
    if (scene_is_done(a, answer))
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
    allot_op op;
    char key[KEY_BYTES], before[DIGEST_BYTES], after[DIGEST_BYTES];
    int failed = 0;
    s = scene_begin();
    const attempt *a = scene_prepare(_i, &op);
    ck_assert_str_eq(redis_server_ask(s->server, "SAVE"), "OK");
    take_digest(before);
    scene_expect_done(a, scene_call(a, &op));
    take_digest(after);
    ck_assert_str_ne(before, after);
    for (int i = 0; i < KEYS; i++) {
        name_key(i, key);
        failed += try_with(a, &op, key);
    }
    ck_assert_msg(failed >= 3, "%s failed with %d keys only", a->name, failed);
    restore(); /* it all was the keys' fault */
    scene_expect_done(a, scene_call(a, &op));
}
END_TEST

/* What fails for another reason may have been applied in part, for all that we know. */
START_TEST(a_value_of_somebody_else)
{
    allot_op op;
    s = scene_begin();
    const attempt *a = scene_prepare(0, &op);
    redis_server_ask(s->server, "HSET " STAND_KEYS "state clean_epoch nonsense");
    const allot_answer *answer = scene_call(a, &op);
    ck_assert_int_eq(answer->outcome.status, ALLOT_STATUS_UNKNOWN);
    ck_assert_msg(strstr(answer->message, "script") != NULL, "%s", answer->message);
    redis_server_ask(s->server, "SET " STAND_KEYS "parking text");
    ck_assert_int_eq(scene_call(a, &op)->outcome.status, ALLOT_STATUS_UNKNOWN);
}
END_TEST

Suite *redis_foreign_suite(void)
{
    Suite *suite = suite_create("redis foreign");
    TCase *t = tcase_create("keys");
    tcase_set_timeout(t, REDIS_TEST_TIMEOUT);
    tcase_add_checked_fixture(t, NULL, scene_end);
    tcase_add_loop_test(t, whole_or_nothing, 0, scene_attempts());
    tcase_add_test(t, a_value_of_somebody_else);
    suite_add_tcase(suite, t);
    return suite;
}
