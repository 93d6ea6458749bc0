#include "tests/api/faulty.h"
#include "tests/api/suites.h"
#include "tests/api/team.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static allot_group *open_group(team *t, bool read_only)
{
    allot_group *group;
    allot_error error = {0};
    int code = group_open(&t->options, read_only, &t->hooks, &group, &error);
    ck_assert_msg(code == ALLOT_OK, "open: %s", error.message);
    return group;
}

static void add_many(allot_group *group, size_t count, allot_added *ret_added)
{
    allot_new *ids = calloc(count, sizeof(*ids));
    char(*texts)[16] = calloc(count, sizeof(*texts));
    for (size_t i = 0; i < count; i++) {
        int len = snprintf(texts[i], sizeof(texts[i]), "id%zu", i);
        ids[i].id = (allot_bytes){texts[i], (uint32_t)len};
    }
    allot_error error = {0};
    int code = allot_group_add(group, ids, count, TEAM_PATIENCE_MS, ret_added, &error);
    ck_assert_msg(code == ALLOT_OK, "add: %s", error.message);
    free(texts);
    free(ids);
}

typedef struct tally {
    size_t count;
    size_t owned;
    uint64_t sum; /* of the numbers in the ids: each was seen once */
    int end_with;
    size_t end_after;
} tally;

static int tally_id(void *user, const allot_pool_id *id)
{
    tally *sum = user;
    char text[16];
    ck_assert_uint_lt(id->id.len, sizeof(text));
    memcpy(text, id->id.data, id->id.len);
    text[id->id.len] = '\0';
    sum->count++;
    sum->owned += id->place == ALLOT_PLACE_SHARE;
    sum->sum += strtoull(text + 2, NULL, 10);
    return sum->end_after == sum->count ? sum->end_with : 0;
}

static int tally_slot(void *user, const allot_slot_info *slot)
{
    tally *sum = user;
    sum->count++;
    sum->owned += slot->ids;
    ck_assert_int_eq(slot->state, ALLOT_SLOT_LIVE);
    return 0;
}

START_TEST(many_ids_are_added_and_read_in_pages)
{
    team t;
    team_init(&t);
    allot_group *group = open_group(&t, false);
    allot_added added;
    add_many(group, 20000, &added);
    ck_assert_uint_eq(added.done, 20000);
    ck_assert_uint_eq(added.added, 20000);
    add_many(group, 20000, &added);
    ck_assert_uint_eq(added.added, 0);
    ck_assert_uint_eq(added.present, 20000);
    tally sum = {0};
    ck_assert_int_eq(allot_group_ids(group, NULL, false, TEAM_PATIENCE_MS, tally_id, &sum, NULL), ALLOT_OK);
    ck_assert_uint_eq(sum.count, 20000);
    ck_assert_uint_eq(sum.sum, UINT64_C(19999) * 20000 / 2);
    ck_assert_uint_eq(sum.owned, 0);
    allot_view view;
    ck_assert_int_eq(allot_group_view(group, TEAM_PATIENCE_MS, &view, NULL), ALLOT_OK);
    ck_assert_uint_eq(view.total, 20000);
    ck_assert_uint_eq(view.inbox, 20000);
    allot_group_close(group);
    team_done(&t);
}
END_TEST

START_TEST(slots_and_their_ids_are_seen)
{
    team t;
    team_init(&t);
    team_open(&t, 0);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_JOINED] == 1);
    team_open(&t, 1);
    UNTIL(&t, t.players[1].seen[ALLOT_EVENT_JOINED] == 1);
    team_add(&t, 0, "id", 10);
    UNTIL(&t, t.players[0].count == 5 && t.players[1].count == 5);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_SPLIT] + t.players[1].seen[ALLOT_EVENT_SPLIT] > 1);
    allot_group *group = open_group(&t, true);
    tally slots = {0};
    ck_assert_int_eq(allot_group_slots(group, TEAM_PATIENCE_MS, tally_slot, &slots, NULL), ALLOT_OK);
    ck_assert_uint_eq(slots.count, 2);
    ck_assert_uint_eq(slots.owned, 10);
    allot_node_status status = {.size = sizeof(status)};
    ck_assert_int_eq(allot_status(t.players[1].node, &status), ALLOT_OK);
    tally ids = {0};
    ck_assert_int_eq(allot_group_ids(group, &status.slot, true, TEAM_PATIENCE_MS, tally_id, &ids, NULL), ALLOT_OK);
    ck_assert_uint_eq(ids.count, 5);
    ck_assert_uint_eq(ids.owned, 5);
    allot_view view;
    ck_assert_int_eq(allot_group_view(group, TEAM_PATIENCE_MS, &view, NULL), ALLOT_OK);
    ck_assert(view.strategy.len == 11 && memcmp(view.strategy.data, "round_robin", 11) == 0);
    allot_group_close(group);
    team_done(&t);
}
END_TEST

START_TEST(cleaning_tells_the_owners)
{
    team t;
    team_init(&t);
    team_open(&t, 0);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_JOINED] == 1);
    team_add(&t, 0, "id", 10);
    UNTIL(&t, t.players[0].count == 10);
    allot_group *group = open_group(&t, false);
    uint64_t count = 0;
    ck_assert_int_eq(allot_group_clean(group, TEAM_PATIENCE_MS, &count, NULL), ALLOT_OK);
    ck_assert_uint_eq(count, 10);
    UNTIL(&t, t.players[0].count == 0);
    ck_assert_int_eq(t.players[0].why, ALLOT_WHY_CLEANED);
    ck_assert_uint_eq(t.players[0].seen[ALLOT_EVENT_FENCED], 0);
    allot_group_close(group);
    team_done(&t);
}
END_TEST

START_TEST(parked_ids_are_put_back)
{
    team t;
    team_init(&t);
    t.options.max_attempts = 1;
    allot_node *node = team_open(&t, 0);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_JOINED] == 1);
    team_add(&t, 0, "id", 1);
    UNTIL(&t, t.players[0].count == 1);
    allot_id id;
    team_stop(&t, 0, false, 1, &id);
    ck_assert_int_eq(allot_fail(node, &id, 1, "broken", TEAM_PATIENCE_MS, NULL, NULL), ALLOT_OK);
    allot_group *group = open_group(&t, false);
    const allot_bytes ids[] = {{"id0", 3}, {"other", 5}};
    uint64_t count = 0;
    ck_assert_int_eq(allot_group_unpark(group, ids, 2, TEAM_PATIENCE_MS, &count, NULL), ALLOT_OK);
    ck_assert_uint_eq(count, 1);
    UNTIL(&t, t.players[0].count == 1);
    allot_group_close(group);
    team_done(&t);
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
    team t;
    team_init(&t);
    allot_group *group;
    allot_view view;
    allot_error error;
    tally sum = {0};
    uint64_t count;
    ck_assert_int_eq(allot_group_open(&t.options, true, &group, &error), ALLOT_E_NOT_FOUND);
    group = open_group(&t, false);
    ck_assert_int_eq(allot_group_view(group, TEAM_PATIENCE_MS, &view, &error), ALLOT_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(error.message, "default"));
    ck_assert_int_eq(allot_group_slots(group, TEAM_PATIENCE_MS, tally_slot, &sum, NULL), ALLOT_E_NOT_FOUND);
    ck_assert_int_eq(allot_group_ids(group, NULL, false, TEAM_PATIENCE_MS, tally_id, &sum, NULL), ALLOT_E_NOT_FOUND);
    ck_assert_int_eq(allot_group_clean(group, TEAM_PATIENCE_MS, &count, NULL), ALLOT_E_NOT_FOUND);
    ck_assert_int_eq(allot_group_unpark(group, &(allot_bytes){"a", 1}, 1, TEAM_PATIENCE_MS, &count, NULL),
                     ALLOT_E_NOT_FOUND);
    allot_added added;
    add_many(group, 1, &added);
    ck_assert_int_eq(allot_group_view(group, TEAM_PATIENCE_MS, &view, &error), ALLOT_OK);
    ck_assert_int_eq(allot_group_clean(group, TEAM_PATIENCE_MS, &count, NULL), ALLOT_OK);
    ck_assert_uint_eq(count, 1);
    allot_group_close(group);
    group = open_group(&t, true);
    const allot_new new = {.id = {"x", 1}};
    ck_assert_int_eq(allot_group_add(group, &new, 1, 0, NULL, &error), ALLOT_E_INVALID);
    ck_assert_int_eq(allot_group_clean(group, 0, NULL, &error), ALLOT_E_INVALID);
    ck_assert_int_eq(allot_group_unpark(group, &new.id, 1, 0, NULL, &error), ALLOT_E_INVALID);
    allot_group_close(group);
    team_done(&t);
}
END_TEST

/* Each part counts once, though it was applied at the first try and sent four times. */
START_TEST(a_change_without_an_answer_is_sent_again)
{
    team t;
    team_init(&t);
    t.hooks.backend = faulty_backend();
    allot_group *group = open_group(&t, false);
    faulty_lose(3, _i == 0 ? ALLOT_STATUS_UNKNOWN : ALLOT_STATUS_UNAVAILABLE);
    allot_added added;
    add_many(group, 500, &added);
    ck_assert_uint_eq(added.added, 500);
    ck_assert_uint_eq(added.present, 0);
    allot_group_close(group);
    team_done(&t);
}
END_TEST

START_TEST(a_change_that_never_gets_an_answer_says_so)
{
    team t;
    team_init(&t);
    t.hooks.backend = faulty_backend();
    allot_group *group = open_group(&t, false);
    const allot_new new = {.id = {"x", 1}};
    allot_added added;
    allot_error error;
    faulty_lose(1000, _i == 0 ? ALLOT_STATUS_UNKNOWN : ALLOT_STATUS_UNAVAILABLE);
    int code = allot_group_add(group, &new, 1, 200, &added, &error);
    ck_assert_int_eq(code, _i == 0 ? ALLOT_E_UNKNOWN : ALLOT_E_UNAVAILABLE);
    ck_assert_str_eq(error.message, "the answer was lost");
    ck_assert_uint_eq(added.done, 0);
    allot_group_close(group);
    team_done(&t);
}
END_TEST

static int visit_within(void *user, const allot_pool_id *id)
{
    allot_view view;
    (void)id;
    ck_assert_int_eq(allot_group_view(user, TEAM_PATIENCE_MS, &view, NULL), ALLOT_E_INVALID);
    return 0;
}

START_TEST(a_visit_can_end_the_reading_and_calls_nothing)
{
    team t;
    team_init(&t);
    allot_group *group = open_group(&t, false);
    allot_added added;
    add_many(group, 3000, &added);
    tally sum = {.end_with = ALLOT_E_CLOSED, .end_after = 1500};
    ck_assert_int_eq(allot_group_ids(group, NULL, false, TEAM_PATIENCE_MS, tally_id, &sum, NULL), ALLOT_E_CLOSED);
    ck_assert_uint_eq(sum.count, 1500);
    ck_assert_int_eq(allot_group_ids(group, NULL, false, TEAM_PATIENCE_MS, visit_within, group, NULL), ALLOT_OK);
    allot_group_close(group);
    team_done(&t);
}
END_TEST

TCase *group_case(void)
{
    TCase *c = tcase_create("group");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, many_ids_are_added_and_read_in_pages);
    tcase_add_test(c, slots_and_their_ids_are_seen);
    tcase_add_test(c, cleaning_tells_the_owners);
    tcase_add_test(c, parked_ids_are_put_back);
    tcase_add_test(c, what_is_not_there_is_not_found);
    tcase_add_loop_test(c, a_change_without_an_answer_is_sent_again, 0, 2);
    tcase_add_loop_test(c, a_change_that_never_gets_an_answer_says_so, 0, 2);
    tcase_add_test(c, a_visit_can_end_the_reading_and_calls_nothing);
    return c;
}
