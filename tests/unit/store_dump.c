/* store_dump.c - the state as lines, and back. */
#include "tests/unit/rig.h"

#include <stdlib.h>
#include <string.h>

/* A store with something of everything. */
static rig *full_rig(void)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    replica c = rig_replica(r, 3);
    allot_op op = join_op(&c);
    op.u.join.name = (allot_bytes){"n\xc3\xa4me with % and spaces", 23};
    op.u.join.host = (allot_bytes){"-", 1};
    op.u.join.container = (allot_bytes){0};
    CHECK_OK(rig_apply(r, &op));
    CHECK_OK(add(r, "a b c d e f g - -- %20 %"));
    CHECK_OK(add_with_payload(r, "p", "\x01 \xff%\n-"));
    CHECK_OK(add_with_payload(r, "q", "-"));
    CHECK_OK(add(r, "h i"));
    CHECK_OK(assign(&a, &b, "a c p"));
    CHECK_OK(assign_whole(&a, &c, "h"));
    CHECK_OK(recall(&a, &b, "c p"));
    CHECK_OK(ack(&b, "a"));
    CHECK_OK(assign(&a, &b, "b d q"));
    CHECK_OK(fail_ids(&b, "d", 0, SECOND_US));
    CHECK_OK(fail_ids(&b, "q", 1, 0));
    CHECK_OK(release(&c, "i"));
    allot_ref working[] = {{.segment = item_of(r, "b").segment}, {.segment = 77, .position = 1023}};
    op = beat_op(&b);
    op.u.beat.working = working;
    op.u.beat.working_count = 2;
    op.u.beat.draining = true;
    CHECK_OK(rig_apply(r, &op));
    CHECK_OK(leave(&c));
    CHECK_OK(publish(&a, 1));
    CHECK_REFUSED(publish(&a, 7), ALLOT_REFUSED_VERSION);
    return r;
}

START_TEST(a_loaded_dump_dumps_the_same)
{
    rig *r = full_rig();
    const char *before = rig_dump(r);
    rig_load(r, before);
    allot_error error = {0};
    ck_assert_msg(store_load_end(r->s, &error) == 0, "%s", error.message);
    ck_assert_msg(store_check(r->s, &error) == 0, "%s", error.message);
    ck_assert_str_eq(rig_dump(r), before);
    rig_free(r);
}
END_TEST

START_TEST(an_empty_store_is_three_lines)
{
    rig *r = rig_new();
    const char *before = rig_dump(r);
    ck_assert_str_eq(before, "life 00000000-0000-0000-0000-000000000000 0 0 0\n"
                             "counters 0 0 0 0 0 0 0 0 0 0 0 -\n"
                             "leader 00000000-0000-0000-0000-000000000000 00000000-0000-0000-0000-000000000000\n");
    rig_load(r, before);
    ck_assert_str_eq(rig_dump(r), before);
    rig_free(r);
}
END_TEST

START_TEST(ids_are_plain_text)
{
    rig *r = rig_new();
    CHECK_OK(add(r, "order-17/\xc3\xa4 100% -"));
    ck_assert_ptr_nonnull(strstr(rig_dump(r), "\nsegment 1 - - 0 - 0 order-17/\xc3\xa4 100%25 %2d\n"));
    rig_free(r);
}
END_TEST

START_TEST(a_loaded_store_goes_on_like_the_first)
{
    rig *r = full_rig();
    rig *twin = rig_new();
    rig_load(twin, rig_dump(r));
    rig *both[] = {r, twin};
    twin->loose_sequence = r->loose_sequence;
    for (size_t i = 0; i < 2; i++) {
        replica a = {.r = both[i], .slot = rig_uuid(1), .sequence = 500, .term = view(both[i])->term};
        replica b = {.r = both[i], .slot = rig_uuid(2), .sequence = 500};
        replica c = {.r = both[i], .slot = rig_uuid(3)};
        rig_advance(both[i], SECOND_US);
        CHECK_OK(unpark_due(&a));
        CHECK_OK(reap(&a, &c, 0));
        CHECK_OK(release(&b, "c p"));
        CHECK_OK(unpark(both[i], "q"));
        CHECK_OK(add(both[i], "a b z"));
        CHECK_OK(assign_whole(&a, &a, "p"));
    }
    ck_assert_str_eq(rig_dump(r), rig_dump(twin));
    rig_free(r);
    rig_free(twin);
}
END_TEST

static int stop_at_third(void *user, const char *line, size_t len)
{
    int *count = user;
    (void)line;
    ck_assert_uint_gt(len, 0);
    return ++*count == 3 ? ALLOT_E_SYSTEM : 0;
}

START_TEST(emit_may_end_the_dump)
{
    rig *r = full_rig();
    int count = 0;
    ck_assert_int_eq(store_dump(r->s, stop_at_third, &count), ALLOT_E_SYSTEM);
    ck_assert_int_eq(count, 3);
    rig_free(r);
}
END_TEST

/* Loads the lines; the number of the one that was refused, from 1, or 0. */
static int load_until_refused(const char *text)
{
    store *s = store_new();
    ck_assert_ptr_nonnull(s);
    int number = 1;
    int refused = 0;
    for (const char *end; refused == 0 && (end = strchr(text, '\n')) != NULL; text = end + 1, number++) {
        allot_error error = {0};
        int rc = store_load(s, text, (size_t)(end - text), &error);
        if (rc == 0)
            continue;
        ck_assert_int_eq(rc, ALLOT_E_DAMAGED);
        ck_assert_int_eq(error.code, ALLOT_E_DAMAGED);
        ck_assert_str_ne(error.message, "");
        refused = number;
    }
    store_free(s);
    return refused;
}

#define LIFE "life 00000000-0000-0000-0000-0000000011fe 5 0 10000000\n"
#define COUNTERS "counters 9 9 0 3 2 2 2 5 5 5 0 hash\n"
#define LEADER "leader 00000000-0000-0000-0000-000000000000 00000000-0000-0000-0000-000000000000\n"
#define HEAD LIFE COUNTERS LEADER
#define U1 "00000000-0000-0000-0000-000000000001"
#define U2 "00000000-0000-0000-0000-000000000002"
#define SLOT "slot " U1 " 1 1 99 10000000 50 1 0 0 7 n h -\n"
#define SEGMENT "segment 1 - - 0 - 0 x y\n"

typedef struct damage {
    const char *text;
    int refused; /* the line that is wrong; 0: none */
} damage;

static const damage damages[] = {
    {HEAD SLOT SEGMENT "inbox 1 1\n", 0},
    {COUNTERS, 1},
    {LIFE LEADER, 2},
    {LIFE LIFE, 2},
    {"", 0},
    {"\n", 1},
    {"life\n", 1},
    {"life \n", 1},
    {"life x 5 0 1\n", 1},
    {"life " U1 " 5 0\n", 1},
    {"life " U1 " 5 0 1 1\n", 1},
    {"life " U1 "  5 0 1\n", 1},
    {"life " U1 " 5 0 1 \n", 1},
    {"life " U1 " 05 0 1\n", 1},
    {"life " U1 " +5 0 1\n", 1},
    {"life " U1 " 9223372036854775808 0 1\n", 1},
    {"life " U1 " -9223372036854775809 0 1\n", 1},
    {"life " U1 " -9223372036854775808 9223372036854775807 1\n", 0},
    {"life " U1 " 99999999999999999999999999 0 1\n", 1},
    {LIFE "counters 9007199254740992 9 0 3 2 2 2 5 5 5 0 hash\n", 2},
    {LIFE "counters 9 9 0 3 2 2 2 5 5 5 0 ha%0ash\n", 2},
    {LIFE "counters 9 9 0 3 2 2 2 5 5 5 0 hash%\n", 2},
    {LIFE "counters 9 9 0 3 2 2 2 5 5 5 0 hash%2\n", 2},
    {LIFE "counters 9 9 0 3 2 2 2 5 5 5 0 hash%zz\n", 2},
    {HEAD SLOT SLOT, 5},
    {HEAD "slot " U1 " 3 1 99 1 50 1 0 0 7 n h -\n", 4},  /* an age not given out yet */
    {HEAD "slot " U1 " 0 1 99 1 50 1 0 0 7 n h -\n", 4},
    {HEAD "slot " U1 " 1 0 99 1 50 1 0 0 7 n h -\n", 4},
    {HEAD "slot " U1 " 1 5 99 1 50 1 0 0 7 n h -\n", 4},
    {HEAD "slot " U1 " 1 1 99 1 50 1 2 0 7 n h -\n", 4},
    {HEAD "slot " U2 " 2 1 99 1 50 1 0 0 7 n h -\n" SLOT, 5}, /* not in the order of age */
    {HEAD SLOT "working " U2 " 1:1\n", 5},
    {HEAD SLOT "working " U1 "\n", 5},
    {HEAD SLOT "working " U1 " 1:1024\n", 5},
    {HEAD SLOT "working " U1 " 11\n", 5},
    {HEAD SLOT "working " U1 " :\n", 5},
    {HEAD SLOT "working " U1 " 1:1023\n", 0},
    {HEAD SLOT "outcome " U1 " 1 1 0 0 0 0 0 0 -\n", 0},
    {HEAD SLOT "outcome " U2 " 1 1 0 0 0 0 0 0 -\n", 5},
    {HEAD SLOT "outcome " U1 " 0 1 0 0 0 0 0 0 -\n", 5},
    {HEAD SLOT "outcome " U1 " 1 3 0 0 0 0 0 0 -\n", 5},
    {HEAD SLOT "outcome " U1 " 1 1 99 0 0 0 0 0 -\n", 5},
    {HEAD SLOT "outcome " U1 " 1 1 0 0 0 0 0 0 ff\n", 5},
    {HEAD SLOT "outcome " U1 " 2 1 0 0 0 0 0 0 -\noutcome " U1 " 1 1 0 0 0 0 0 0 -\n", 6},
    {HEAD "session " U1 " 7\nsession " U1 " 7\n", 5},
    {HEAD "session " U1 " 7\n" SLOT, 5},
    {HEAD SEGMENT SEGMENT, 5},
    {HEAD SEGMENT "segment 2 - - 0 - 0 x\n", 5},          /* I2 */
    {HEAD "segment 1 - - 0 - 0 x x\n", 4},
    {HEAD "segment 0 - - 0 - 0 x\n", 4},
    {HEAD "segment 6 - - 0 - 0 x\n", 4},                  /* a number not given out yet */
    {HEAD "segment 1 - - 0 - 0\n", 4},
    {HEAD "segment 1 - - 0 - 0 - -\n", 4},                /* nothing is left in it */
    {HEAD "segment 1 - - 3 - 0 x\n", 4},                  /* a token in the inbox */
    {HEAD "segment 1 - - 0 0000000000000001 0 x\n", 4},   /* recalled in the inbox */
    {HEAD "segment 1 - " U1 " 3 - 0 x\n", 4},             /* no such slot */
    {HEAD SLOT "segment 1 - " U1 " 0 - 0 x\n", 5},
    {HEAD SLOT "segment 1 - " U1 " 10 - 0 x\n", 5},       /* a token not given out yet */
    {HEAD SLOT "segment 1 - " U1 " 3 0000000000000002 0 x\n", 5},
    {HEAD SLOT "segment 1 - " U1 " 3 0000000000000001 0 - x\n", 5},
    {HEAD SLOT "segment 1 - " U1 " 3 0000000000000001 0 x\n", 0},
    {HEAD "segment 1 2047 - 0 - 0 x\ninbox 1 1\n", 0},
    {HEAD "segment 1 1024 - 0 - 0 x\n", 4},            /* the base that its number gives it, written out */
    {HEAD "segment 1 x - 0 - 0 x\n", 4},
    {HEAD "segment 1 9223372036854775808 - 0 - 0 x\n", 4},
    {HEAD "segment 1 - - 0 - 1 x\n", 4},                  /* its payload is missing */
    {HEAD "segment 1 - - 0 - 1 x p - p\n", 4},            /* a payload of nothing */
    {HEAD "segment 1 - - 0 - 1 x p y -\ninbox 1 1\n", 0},
    {HEAD "segment 1 - - 0 - 0 x%0a\n", 4},
    {HEAD "segment 1 - - 0 - 0 \xff\n", 4},
    {HEAD SEGMENT "inbox 1 2\n", 5},
    {HEAD SEGMENT "inbox 6 1\n", 5},
    {HEAD SEGMENT "inbox 0 1\n", 5},
    {HEAD SEGMENT "inbox 1 1\ninbox 2 1\n", 6},
    {HEAD SEGMENT "inbox 1 1\n" "segment 2 - - 0 - 0 z\n", 6},
    {HEAD "parked 1 5 x -\nparked 1 5 y -\n", 5},
    {HEAD "parked 1 5 x -\nparked 2 5 x -\n", 5},
    {HEAD "parked 6 5 x -\n", 4},
    {HEAD "parked 1 5 - -\n", 4},
    {HEAD "parked 1 5 x -\nfail 1 x why%20not\n", 0},
    {HEAD "parked 1 5 x -\nfail 0 x why\n", 5},
    {HEAD "parked 1 5 x -\nfail 4294967296 x why\n", 5},
    {HEAD "parked 1 5 x -\nfail 1 y why\n", 5},
    {HEAD "parked 1 5 x -\nfail 1 x why\nfail 1 x why\n", 6},
    {HEAD "parks 1 5 x -\n", 4},
};

START_TEST(a_line_that_is_no_record_is_damage)
{
    ck_assert_msg(load_until_refused(damages[_i].text) == damages[_i].refused, "case %d: line %d\n%s", _i,
                  load_until_refused(damages[_i].text), damages[_i].text);
}
END_TEST

/* Every byte of a dump, changed: either refused, or a state that is sound in itself but for what lines alone cannot
 * show. Nothing may crash. */
START_TEST(a_dump_with_one_byte_changed_never_crashes)
{
    rig *r = full_rig();
    char *text = strdup(rig_dump(r));
    int refused = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        static const char instead[] = {'0', ' ', '-', '%', '9', '\x80'};
        char byte = text[i];
        text[i] = instead[i % sizeof(instead)];
        refused += load_until_refused(text) != 0;
        text[i] = byte;
    }
    ck_assert_int_gt(refused, 100);
    free(text);
    rig_free(r);
}
END_TEST

START_TEST(the_end_shows_what_lines_alone_cannot)
{
    static const char *const texts[] = {
        LIFE, /* no counters */
        HEAD SEGMENT, /* lies nowhere */
        LIFE COUNTERS "leader " U1 " " U1 "\n", /* a leader that is not there */
        LIFE COUNTERS "leader " U1 " " U1 "\nslot " U1 " 1 3 99 10000000 50 1 0 0 7 n h -\n", /* one that has left */
        "life " U1 " 5 0 5\n" COUNTERS LEADER SLOT, /* a ttl longer than the longest */
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        rig *r = rig_new();
        allot_error error = {0};
        rig_load(r, texts[i]);
        ck_assert(i == 0 || store_check(r->s, &error) == ALLOT_E_DAMAGED);
        error = (allot_error){0};
        ck_assert_msg(store_load_end(r->s, &error) == ALLOT_E_DAMAGED, "case %zu", i);
        ck_assert_str_ne(error.message, "");
        rig_free(r);
    }
}
END_TEST

Suite *dump_suite(void)
{
    Suite *s = suite_create("store: dump");
    TCase *c = tcase_create("all");
    tcase_set_timeout(c, 30);
    tcase_add_test(c, a_loaded_dump_dumps_the_same);
    tcase_add_test(c, an_empty_store_is_three_lines);
    tcase_add_test(c, ids_are_plain_text);
    tcase_add_test(c, a_loaded_store_goes_on_like_the_first);
    tcase_add_test(c, emit_may_end_the_dump);
    tcase_add_loop_test(c, a_line_that_is_no_record_is_damage, 0, (int)(sizeof(damages) / sizeof(damages[0])));
    tcase_add_test(c, a_dump_with_one_byte_changed_never_crashes);
    tcase_add_test(c, the_end_shows_what_lines_alone_cannot);
    suite_add_tcase(s, c);
    return s;
}
