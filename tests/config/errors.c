/* What is wrong, beyond the transcripts: flags, variables, limits, places. */
#include "tests/config/suites.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *errors_of(const config *c, bool colour)
{
    bytes text = {0};
    ck_assert_int_eq(config_write_errors(c, colour, &text), 0);
    return take_text(&text);
}

static void expect_errors(const config *c, const char *expected)
{
    char *text = errors_of(c, false);
    ck_assert_str_eq(text, expected);
    free(text);
}

static config flagged(const char *flag, const char *value, const char *written)
{
    config c;
    ck_assert_int_eq(config_init(&c), 0);
    ck_assert_int_eq(config_set_flag(&c, flag, value, written), 0);
    ck_assert_int_eq(config_finish(&c), 0);
    return c;
}

/* What cannot be read is wrong usage; what is read and refused is wrong configuration. */
START_TEST(flags)
{
    static const struct {
        const char *flag, *value, *error;
        bool is_usage;
    } cases[] = {
        {"ttl", "10", "--ttl: expected a duration with a unit, for example 10s; got '10'", true},
        {"ttl", "100ms", "--ttl: expected 1s to 24h; got '100ms'", true},
        {"weight", "x", "--weight: expected a number, for example 1; got 'x'", true},
        {"max-attempts", "x", "--max-attempts: expected a number, for example 5; got 'x'", true},
        {"on-timeout", "maybe", "--on-timeout: expected one of keep|retire; got 'maybe'", true},
        {"log-ids", "yes", "--log-ids: expected true or false; got 'yes'", true},
        {"backend-option", "fsync", "--backend-option: expected KEY=VALUE, for example fsync=always; got 'fsync'",
         true},
        {"strategy-option", "=x", "--strategy-option: expected KEY=VALUE, for example seed=7; got '=x'", true},
        {"strategy-option", "a b=x", "--strategy-option: an option's name is 1 to 64 of a-z A-Z 0-9 _ -; got 'a b'",
         false},
        {"group", "../x",
         "--group: expected the name of a group (1 to 64 of A-Z a-z 0-9 _ - ., not beginning with a dot); got '../x'",
         false},
        {"path", "", "--path: expected a path; got ''", false},
        {"name", "a\x1b[2J", "--name: must be UTF-8 without control characters", false},
        {"url", "http://a:b@c",
         "--url: expected a url that begins with redis:// or unix://, as in redis://127.0.0.1:6379/0", false},
    };
    ck_assert_uint_lt((size_t)_i, sizeof(cases) / sizeof(cases[0]));
    config c = flagged(cases[_i].flag, cases[_i].value, NULL);
    ck_assert_uint_eq(config_error_count(&c), 1);
    ck_assert_str_eq(first_error(&c), cases[_i].error);
    ck_assert_int_eq(config_error_at(&c, 0)->at.source, CONFIG_BY_FLAG);
    ck_assert_int_eq(config_errors_are_usage(&c), cases[_i].is_usage);
    config_done(&c);
}
END_TEST

START_TEST(a_flag_is_called_as_it_was_written)
{
    config c = flagged("ttl", "1", "-t");
    expect_errors(&c, "error: -t: expected a duration with a unit, for example 10s; got '1'\n");
    config_done(&c);
}
END_TEST

START_TEST(a_variable_is_no_usage)
{
    char *const variables[] = {(char *)"ALLOT_TTL=5", (char *)"ALLOT_LOG_FORMAT=xml",
                               (char *)"ALLOT_WORK_MAX_ATTEMPTS=0", (char *)"ALLOT_RETRY_AFTER=0s", NULL};
    config c = config_of("", variables);
    ck_assert(!config_errors_are_usage(&c));
    expect_errors(&c, "error: ALLOT_TTL: expected a duration with a unit, for example 10s; got '5'\n"
                      "error: ALLOT_LOG_FORMAT: expected one of auto|pretty|json; got 'xml'\n"
                      "error: ALLOT_WORK_MAX_ATTEMPTS: 0 with ALLOT_RETRY_AFTER: 0s would try an id that always fails "
                      "for ever, without a pause\n"
                      "note: work.retry_after: 1s leaves it a pause, work.max_attempts: 5 parks it\n");
    config_done(&c);
}
END_TEST

/* What is wrong in a file is wrong also where something stronger counts. */
START_TEST(all_layers_at_once)
{
    char *const variables[] = {(char *)"ALLOT_TTL=5", NULL};
    config c;
    ck_assert_int_eq(config_init(&c), 0);
    ck_assert_int_eq(config_set_flag(&c, "ttl", "3s", NULL), 0);
    ck_assert_int_eq(config_set_flag(&c, "settle", "1", NULL), 0);
    ck_assert_int_eq(config_read_env(&c, variables), 0);
    const char *text = "lease: { ttl: 7 }";
    ck_assert_int_eq(config_read_text(&c, "a.yaml", text, strlen(text)), 0);
    ck_assert_int_eq(config_finish(&c), 0);
    ck_assert_int_eq(c.lease.ttl_ms, 3000);
    expect_errors(&c,
                  "a.yaml:1:15: error: lease.ttl: expected a duration with a unit, for example 10s; got '7'; did you "
                  "mean '7s'?\n"
                  "    1 | lease: { ttl: 7 }\n"
                  "      |               ^\n"
                  "error: ALLOT_TTL: expected a duration with a unit, for example 10s; got '5'\n"
                  "error: --settle: expected a duration with a unit, for example 10s; got '1'\n");
    ck_assert(config_errors_are_usage(&c));
    config_done(&c);
}
END_TEST

/* A rule points to what was written, not to a default. */
START_TEST(a_rule_points_to_the_strongest)
{
    config c;
    ck_assert_int_eq(config_init(&c), 0);
    const char *text = "handover: { on_timeout: retire }";
    ck_assert_int_eq(config_read_text(&c, "a.yaml", text, strlen(text)), 0);
    ck_assert_int_eq(config_set_flag(&c, "handover-timeout", "0s", NULL), 0);
    ck_assert_int_eq(config_finish(&c), 0);
    ck_assert_uint_eq(config_error_count(&c), 1);
    ck_assert_int_eq(config_error_at(&c, 0)->at.source, CONFIG_BY_FLAG);
    ck_assert(!config_errors_are_usage(&c));
    config_done(&c);
    ck_assert_int_eq(config_init(&c), 0);
    text = "handover: { timeout: 0s }";
    ck_assert_int_eq(config_read_text(&c, "a.yaml", text, strlen(text)), 0);
    ck_assert_int_eq(config_set_flag(&c, "on-timeout", "retire", NULL), 0);
    ck_assert_int_eq(config_finish(&c), 0);
    ck_assert_uint_eq(config_error_count(&c), 1);
    ck_assert_str_eq(config_error_at(&c, 0)->at.name, "--on-timeout");
    config_done(&c);
    c = good_config("handover: { on_timeout: retire }", NULL);
    config_done(&c);
    c = good_config("handover: { timeout: 0s }", NULL);
    config_done(&c);
}
END_TEST

START_TEST(colour)
{
    config c = config_of("grup: x\n", NULL);
    char *text = errors_of(&c, true);
    ck_assert_str_eq(text, "\x1b[1mtest.yaml:1:1:\x1b[0m \x1b[1;31merror:\x1b[0m unknown key 'grup'; did you mean "
                           "'group'?\n\x1b[34m    1 |\x1b[0m grup: x\n\x1b[34m      |\x1b[0m \x1b[1;32m^~~~\x1b[0m\n");
    free(text);
    config_done(&c);
}
END_TEST

/* ---- Errors of others -------------------------------------------------------------------------------------------- */

START_TEST(an_error_of_a_strategy_stands_at_its_option)
{
    config c = good_config("split:\n  options: { seed: x }\n", NULL);
    config_position at = config_position_of(&c, "split.options.seed");
    ck_assert_uint_eq(at.line, 2);
    ck_assert_uint_eq(at.column, 20);
    ck_assert_str_eq(at.name, "test.yaml");
    ck_assert_int_eq(config_add_error(&c, "split.options.seed", "expected a number; got 'x'", "for example 7"), 0);
    expect_errors(&c, "test.yaml:2:20: error: split.options.seed: expected a number; got 'x'\n"
                      "    2 |   options: { seed: x }\n"
                      "      |                    ^\n"
                      "      = note: for example 7\n");
    config_done(&c);
    c = flagged("strategy-option", "seed=x", NULL);
    ck_assert_int_eq(config_add_error(&c, "split.options.seed", "bad", NULL), 0);
    ck_assert_int_eq(config_add_error(&c, "split.options.other", "is missing", NULL), 0);
    ck_assert_int_eq(config_add_error(&c, "lease.ttl", "too long", NULL), 0);
    expect_errors(&c, "error: --strategy-option: bad\nerror: split.options.other: is missing\nerror: lease.ttl: too "
                      "long\n");
    config_done(&c);
}
END_TEST

/* ---- Files and limits -------------------------------------------------------------------------------------------- */

static config config_from(const char *path)
{
    config c;
    ck_assert_int_eq(config_init(&c), 0);
    ck_assert_int_eq(config_read_file(&c, path), 0);
    ck_assert_int_eq(config_finish(&c), 0);
    return c;
}

START_TEST(a_file_that_cannot_be_read)
{
    config c = config_from("/nowhere/allot.yaml");
    expect_errors(&c, "/nowhere/allot.yaml: error: No such file or directory\n");
    config_done(&c);
    c = config_from("/");
    expect_errors(&c, "/: error: this is a directory\n");
    config_done(&c);
    c = config_from("/nowhere/a\n\x1b[2J");
    expect_errors(&c, "/nowhere/a??[2J: error: No such file or directory\n");
    config_done(&c);
}
END_TEST

START_TEST(a_file_of_the_longest_size)
{
    size_t most = 1024 * 1024;
    char path[] = "/tmp/allot-config-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    char *text = malloc(most + 1);
    ck_assert_ptr_nonnull(text);
    memset(text, '#', most + 1);
    ck_assert_int_eq(write(fd, text, most), (ssize_t)most);
    config c = config_from(path);
    ck_assert_uint_eq(config_error_count(&c), 0);
    config_done(&c);
    ck_assert_int_eq(write(fd, text, 1), 1);
    c = config_from(path);
    ck_assert_str_eq(first_error(&c), "this is too long: a configuration has up to 1 MiB");
    config_done(&c);
    close(fd);
    unlink(path);
    free(text);
}
END_TEST

/* `count` times a part, behind a head. */
static char *repeated(const char *head, const char *part, int count)
{
    bytes text = {0};
    ck_assert_int_eq(bytes_printf(&text, "%s", head), 0);
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(bytes_printf(&text, "%s", part), 0);
    return take_text(&text);
}

START_TEST(no_more_errors_than_a_hundred)
{
    bytes keys = {0};
    for (int i = 0; i < 120; i++)
        ck_assert_int_eq(bytes_printf(&keys, "wrong%d: 1\n", i), 0);
    char *text = take_text(&keys);
    config c = config_of(text, NULL);
    ck_assert_uint_eq(config_error_count(&c), CONFIG_ERRORS_MAX);
    char *shown = errors_of(&c, false);
    ck_assert_ptr_nonnull(strstr(shown, "'wrong99'"));
    ck_assert_ptr_null(strstr(shown, "'wrong100'"));
    ck_assert_ptr_nonnull(strstr(shown, "These are the first 100 errors; there may be more.\n"));
    free(shown);
    free(text);
    config_done(&c);
}
END_TEST

/* Whatever is nested or long: an error, at once. */
START_TEST(what_is_endless_ends)
{
    static const struct {
        const char *head, *part;
    } cases[] = {{"a: ", "["},     {"a: ", "{"},       {"", "- "},       {"", "? "},     {"", "a: {"},
                 {"a: [", "a, "},  {"", "{ a: b }, "}, {"a: \"", "\\n"}, {"a: '", "\n"}, {"a: |\n", " \n"},
                 {"a: [", "{}, "}, {"", "&a "},        {"", "!a "},      {"", "[a]: "},  {"{", "a, "}};
    char *text = repeated(cases[_i].head, cases[_i].part, 200000 / (int)strlen(cases[_i].part));
    config c = config_of(text, NULL);
    ck_assert_uint_gt(config_error_count(&c), 0);
    free(errors_of(&c, false));
    config_done(&c);
    free(text);
}
END_TEST

Suite *errors_suite(void)
{
    Suite *suite = suite_create("errors");
    TCase *tcase = tcase_create("errors");
    tcase_set_timeout(tcase, 30); /* on a busy machine, too */
    tcase_add_loop_test(tcase, flags, 0, 13);
    tcase_add_test(tcase, a_flag_is_called_as_it_was_written);
    tcase_add_test(tcase, a_variable_is_no_usage);
    tcase_add_test(tcase, all_layers_at_once);
    tcase_add_test(tcase, a_rule_points_to_the_strongest);
    tcase_add_test(tcase, colour);
    tcase_add_test(tcase, an_error_of_a_strategy_stands_at_its_option);
    tcase_add_test(tcase, a_file_that_cannot_be_read);
    tcase_add_test(tcase, a_file_of_the_longest_size);
    tcase_add_test(tcase, no_more_errors_than_a_hundred);
    tcase_add_loop_test(tcase, what_is_endless_ends, 0, 15);
    suite_add_tcase(suite, tcase);
    return suite;
}
