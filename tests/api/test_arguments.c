#include "tests/api/suites.h"
#include "tests/api/team.h"

#include <stddef.h>
#include <string.h>

#define TEXT_129                                                                                                       \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"                                                 \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"

/* One option wrong: the code, and words that the message must have. */
typedef struct wrong_option {
    void (*spoil)(allot_options *o);
    int code;
    const char *words;
} wrong_option;

#define SPOIL(name, statement)                                                                                         \
    static void name(allot_options *o)                                                                                 \
    {                                                                                                                  \
        statement;                                                                                                     \
    }

SPOIL(weight_0, o->weight = 0)
SPOIL(weight_1001, o->weight = 1001)
SPOIL(ttl_999, o->ttl_ms = 999)
SPOIL(ttl_negative, o->ttl_ms = -1)
SPOIL(ttl_huge, o->ttl_ms = INT64_MAX)
SPOIL(settle_negative, o->settle_ms = -1)
SPOIL(handover_negative, o->handover_timeout_ms = -1)
SPOIL(retry_negative, o->retry_after_ms = -1)
SPOIL(retry_huge, o->retry_after_ms = INT64_MAX)
SPOIL(stall_negative, o->stall_ms = -1)
SPOIL(on_timeout_2, o->on_timeout = (allot_on_timeout)2)
SPOIL(size_0, o->size = 0)
SPOIL(size_other, o->size++)
SPOIL(group_empty, o->group = "")
SPOIL(group_dot, o->group = ".hidden")
SPOIL(group_slash, o->group = "a/b")
SPOIL(group_long, o->group = TEXT_129)
SPOIL(name_long, o->name = TEXT_129)
SPOIL(name_newline, o->name = "a\nb")
SPOIL(name_latin1, o->name = "caf\xe9")
SPOIL(container_escape, o->container = "\x1b[31m")
SPOIL(backend_unknown, o->backend = "etcd2")
SPOIL(strategy_unknown, o->strategy = "random")
SPOIL(backend_options_null, o->backend_option_count = 1)

static const allot_option speed = {"speed", "9"};
static const allot_option valueless = {"path", NULL};

SPOIL(backend_options_unknown, o->backend_options = &speed; o->backend_option_count = 1)
SPOIL(backend_options_value, o->backend_options = &valueless; o->backend_option_count = 1)

static const wrong_option wrong_options[] = {
    {weight_0, ALLOT_E_INVALID, "weight is 0; it must be from 1 to 1000"},
    {weight_1001, ALLOT_E_INVALID, "weight is 1001"},
    {ttl_999, ALLOT_E_INVALID, "ttl_ms is 999; it must be from 1000"},
    {ttl_negative, ALLOT_E_INVALID, "ttl_ms"},
    {ttl_huge, ALLOT_E_INVALID, "ttl_ms"},
    {settle_negative, ALLOT_E_INVALID, "settle_ms"},
    {handover_negative, ALLOT_E_INVALID, "handover_timeout_ms"},
    {retry_negative, ALLOT_E_INVALID, "retry_after_ms"},
    {retry_huge, ALLOT_E_INVALID, "retry_after_ms"},
    {stall_negative, ALLOT_E_INVALID, "stall_ms"},
    {on_timeout_2, ALLOT_E_INVALID, "on_timeout"},
    {size_0, ALLOT_E_INVALID, "allot_options_init"},
    {size_other, ALLOT_E_INVALID, "allot_options_init"},
    {group_empty, ALLOT_E_INVALID, "group"},
    {group_dot, ALLOT_E_INVALID, "group"},
    {group_slash, ALLOT_E_INVALID, "group"},
    {group_long, ALLOT_E_INVALID, "64"},
    {name_long, ALLOT_E_LIMIT, "name has 129 bytes; it may have 128"},
    {name_newline, ALLOT_E_INVALID, "name"},
    {name_latin1, ALLOT_E_INVALID, "name"},
    {container_escape, ALLOT_E_INVALID, "container"},
    {backend_unknown, ALLOT_E_MODULE, "memory, file"},
    {strategy_unknown, ALLOT_E_MODULE, "round_robin"},
    {backend_options_null, ALLOT_E_INVALID, "backend_options"},
    {backend_options_unknown, ALLOT_E_INVALID, "speed"},
    {backend_options_value, ALLOT_E_INVALID, "backend_options[0]"},
};

START_TEST(a_wrong_option_is_named)
{
    const wrong_option *w = &wrong_options[_i];
    allot_options options;
    allot_options_init(&options);
    options.backend = "memory";
    w->spoil(&options);
    allot_node *node = (allot_node *)&options;
    allot_error error = {0};
    ck_assert_int_eq(allot_open(&options, &node, &error), w->code);
    ck_assert_int_eq(error.code, w->code);
    ck_assert_msg(strstr(error.message, w->words) != NULL, "'%s' in: %s", w->words, error.message);
    ck_assert_ptr_eq(node, &options); /* untouched */
    ck_assert_int_eq(allot_open(&options, &node, NULL), w->code);
}
END_TEST

START_TEST(nothing_to_open)
{
    allot_options options;
    allot_node *node;
    allot_error error;
    allot_options_init(&options);
    ck_assert_int_eq(allot_open(NULL, &node, &error), ALLOT_E_INVALID);
    ck_assert_int_eq(allot_open(&options, NULL, &error), ALLOT_E_INVALID);
    allot_close(NULL);
    allot_group_close(NULL);
    allot_memory_free(NULL);
}
END_TEST

START_TEST(texts_that_are_null_get_their_default)
{
    team t;
    team_init(&t);
    t.options.group = t.options.name = t.options.container = t.options.strategy = NULL;
    team_open(&t, 0);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_SPLIT] > 0);
    team_done(&t);
}
END_TEST

typedef struct wrong_id {
    allot_new id;
    int code;
    const char *words;
} wrong_id;

static const wrong_id wrong_ids[] = {
    {{.id = {"", 0}}, ALLOT_E_INVALID, "ids[1]"},
    {{.id = {NULL, 3}}, ALLOT_E_INVALID, "ids[1]"},
    {{.id = {TEXT_129 TEXT_129, 256}}, ALLOT_E_INVALID, "ids[1] has 256 bytes; an id has 1 to 255"},
    {{.id = {"a\tb", 3}}, ALLOT_E_INVALID, "control"},
    {{.id = {"a\0b", 3}}, ALLOT_E_INVALID, "ids[1]"},
    {{.id = {"\xc3", 1}}, ALLOT_E_INVALID, "UTF-8"},
    {{.id = {"x", 1}, .payload = {"p", 65537}}, ALLOT_E_LIMIT, "65537"},
    {{.id = {"x", 1}, .payload = {NULL, 1}}, ALLOT_E_INVALID, "payload"},
};

/* All ids are checked before the first is sent. */
START_TEST(a_wrong_id_is_named)
{
    const wrong_id *w = &wrong_ids[_i];
    const allot_new ids[] = {{.id = {"good", 4}}, w->id};
    team t;
    team_init(&t);
    allot_node *node = team_open(&t, 0);
    allot_added added = {77, 77, 77};
    allot_error error = {0};
    ck_assert_int_eq(allot_add(node, ids, 2, TEAM_PATIENCE_MS, &added, &error), w->code);
    ck_assert_msg(strstr(error.message, w->words) != NULL, "'%s' in: %s", w->words, error.message);
    ck_assert_uint_eq(added.done + added.added + added.present, 0);
    allot_group *group;
    ck_assert_int_eq(allot_group_open(&t.options, false, &group, NULL), ALLOT_OK);
    ck_assert_int_eq(allot_group_add(group, ids, 2, TEAM_PATIENCE_MS, &added, &error), w->code);
    allot_group_close(group);
    ck_assert_int_eq(allot_add(node, ids, 1, TEAM_PATIENCE_MS, &added, NULL), ALLOT_OK);
    ck_assert_uint_eq(added.added, 1);
    team_done(&t);
}
END_TEST

START_TEST(wrong_arguments_of_calls)
{
    team t;
    team_init(&t);
    allot_node *node = team_open(&t, 0);
    allot_id ids[1] = {{.id = {"x", 1}}};
    char why[ALLOT_REASON_BYTES_MAX + 2];
    memset(why, 'w', sizeof(why));
    why[sizeof(why) - 1] = '\0';
    ck_assert_int_eq(allot_ack(node, NULL, 1, 0, NULL, NULL), ALLOT_E_INVALID);
    ck_assert_int_eq(allot_release(node, NULL, 1, 0, NULL, NULL), ALLOT_E_INVALID);
    ck_assert_int_eq(allot_fail(node, NULL, 1, NULL, 0, NULL, NULL), ALLOT_E_INVALID);
    ck_assert_int_eq(allot_fail(node, ids, 1, why, 0, NULL, NULL), ALLOT_E_LIMIT);
    ck_assert_int_eq(allot_fail(node, ids, 1, "a\nb", 0, NULL, NULL), ALLOT_E_INVALID);
    ck_assert_int_eq(allot_working(node, NULL, 1), ALLOT_E_INVALID);
    ck_assert_int_eq(allot_working(node, ids, ALLOT_WORKING_MAX + 1), ALLOT_E_LIMIT);
    ck_assert_int_eq(allot_add(node, NULL, 1, 0, NULL, NULL), ALLOT_E_INVALID);
    ck_assert_int_eq(allot_status(node, NULL), ALLOT_E_INVALID);
    ck_assert_int_eq(allot_status(node, &(allot_node_status){.size = 0}), ALLOT_E_INVALID);
    ck_assert(!allot_owns(node, NULL, 0, NULL));
    ck_assert(!allot_owns(node, "", 0, NULL));
    ck_assert(!allot_owns(node, TEXT_129, SIZE_MAX, NULL));
    team_done(&t);
}
END_TEST

START_TEST(words_for_numbers)
{
    ck_assert_str_eq(allot_code_text(ALLOT_E_NOMEM), "out of memory");
    ck_assert_str_eq(allot_code_text(1), "unknown error");
    ck_assert_str_eq(allot_event_word(ALLOT_EVENT_STORE_DOWN), "store_down");
    ck_assert_str_eq(allot_event_word((allot_event_type)99), "unknown");
    ck_assert_str_eq(allot_why_word(ALLOT_WHY_STORE_LOST), "store_lost");
    ck_assert_str_eq(allot_why_word((allot_why)99), "unknown");
    for (int type = ALLOT_EVENT_JOINED; type <= ALLOT_EVENT_NOTE; type++)
        ck_assert_str_ne(allot_event_word((allot_event_type)type), "unknown");
    for (int why = ALLOT_WHY_NONE; why <= ALLOT_WHY_STALLED; why++)
        ck_assert_str_ne(allot_why_word((allot_why)why), "unknown");
}
END_TEST

START_TEST(uuids_as_text)
{
    allot_uuid a;
    allot_uuid b;
    char text[ALLOT_UUID_TEXT_BYTES];
    allot_uuid_random(&a);
    allot_uuid_text(&a, text);
    ck_assert_int_eq(allot_uuid_parse(text, &b), ALLOT_OK);
    ck_assert(memcmp(&a, &b, sizeof(a)) == 0);
    text[35] = 'g';
    ck_assert_int_eq(allot_uuid_parse(text, &b), ALLOT_E_INVALID);
    ck_assert_int_eq(allot_uuid_parse(NULL, &b), ALLOT_E_INVALID);
    ck_assert(memcmp(&a, &b, sizeof(a)) == 0);
    ck_assert(allot_id_valid((allot_bytes){"id", 2}));
    ck_assert(!allot_id_valid((allot_bytes){"i\n", 2}));
}
END_TEST

TCase *arguments_case(void)
{
    TCase *c = tcase_create("arguments");
    tcase_add_loop_test(c, a_wrong_option_is_named, 0, (int)(sizeof(wrong_options) / sizeof(wrong_options[0])));
    tcase_add_test(c, nothing_to_open);
    tcase_add_test(c, texts_that_are_null_get_their_default);
    tcase_add_loop_test(c, a_wrong_id_is_named, 0, (int)(sizeof(wrong_ids) / sizeof(wrong_ids[0])));
    tcase_add_test(c, wrong_arguments_of_calls);
    tcase_add_test(c, words_for_numbers);
    tcase_add_test(c, uuids_as_text);
    return c;
}
