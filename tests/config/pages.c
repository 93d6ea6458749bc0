/* What is generated from the table is committed: `make config-pages` writes it. */
#include "tests/config/suites.h"

#include <stdlib.h>
#include <string.h>

static void expect_file(const char *path, int (*write)(bytes *to))
{
    bytes text = {0};
    ck_assert_int_eq(write(&text), 0);
    char *wanted = take_text(&text), *committed = load_file(path, NULL);
    ck_assert_msg(strcmp(wanted, committed) == 0, "%s is not what the table says: run `make config-pages`", path);
    free(wanted);
    free(committed);
}

START_TEST(the_schema_is_committed)
{
    expect_file(SOURCE_DIR "/config/allot.schema.json", config_write_schema);
}
END_TEST

START_TEST(the_sample_is_committed)
{
    expect_file(SOURCE_DIR "/config/allot.full.yaml", config_write_sample);
}
END_TEST

START_TEST(the_documentation_is_committed)
{
    bytes text = {0};
    ck_assert_int_eq(config_write_reference(&text), 0);
    char *tables = take_text(&text), *page = load_file(SOURCE_DIR "/docs/configuration.md", NULL);
    char *begin = strstr(page, "<!-- settings: written by `make config-pages` -->\n\n");
    ck_assert_ptr_nonnull(begin);
    begin = strchr(begin, '\n') + 2;
    char *end = strstr(begin, "<!-- end of settings -->\n");
    ck_assert_ptr_nonnull(end);
    *end = '\0';
    ck_assert_msg(strcmp(begin, tables) == 0,
                  "docs/configuration.md is not what the table says: run `make config-pages`");
    free(tables);
    free(page);
}
END_TEST

static int no_change(void *user, const config_setting *s)
{
    (void)user;
    ck_abort_msg("%s is not the default", s->path);
    return 1;
}

START_TEST(the_full_sample_is_the_defaults)
{
    config defaults = good_config("", NULL), c;
    ck_assert_int_eq(config_init(&c), 0);
    ck_assert_int_eq(config_read_file(&c, SOURCE_DIR "/config/allot.full.yaml"), 0);
    ck_assert_int_eq(config_finish(&c), 0);
    ck_assert_uint_eq(config_error_count(&c), 0);
    ck_assert_int_eq(config_changes(&defaults, &c, no_change, NULL), 0);
    const config_key *key;
    for (size_t i = 0; (key = config_key_at(i)) != NULL; i++)
        if (key->type != CONFIG_OPTIONS && key->fallback != NULL)
            ck_assert_msg(config_position_of(&c, key->path).source == CONFIG_BY_FILE, "%s is not there", key->path);
    config_done(&defaults);
    config_done(&c);
}
END_TEST

/* A copy without the "# " before `name: value`, of which there must be `count`. */
static char *uncommented(const char *path, int count)
{
    char *text = load_file(path, NULL), *line = text, *to = text;
    while (*line != '\0') {
        size_t len = strcspn(line, "\n") + 1, blanks = strspn(line, " ");
        const char *word = line + blanks + 2;
        size_t word_len = strspn(word, "abcdefghijklmnopqrstuvwxyz_");
        bool is_setting = blanks > 0 && line[blanks] == '#' && word_len > 0 && strncmp(word + word_len, ": ", 2) == 0;
        memmove(to, line, blanks);
        size_t skip = blanks + (is_setting ? 2 : 0);
        memmove(to + blanks, line + skip, len - skip);
        to += len - (skip - blanks);
        line += len;
        count -= is_setting;
    }
    *to = '\0';
    ck_assert_int_eq(count, 0);
    return text;
}

START_TEST(what_the_samples_leave_out_is_good_when_uncommented)
{
    char *text = uncommented(SOURCE_DIR "/config/allot.full.yaml", 4);
    const config_key *key;
    config c = good_config(text, NULL);
    for (size_t i = 0; (key = config_key_at(i)) != NULL; i++)
        if (key->type != CONFIG_OPTIONS)
            ck_assert_msg(config_position_of(&c, key->path).source == CONFIG_BY_FILE, "%s is not there", key->path);
    config_done(&c);
    free(text);
    text = uncommented(SOURCE_DIR "/config/allot.redis.yaml", 2);
    c = good_config(text, NULL);
    ck_assert_str_eq(option_value(c.backend.options, "url"), "redis://127.0.0.1:6379/0");
    ck_assert_str_eq(option_value(c.backend.options, "username"), "allot");
    config_done(&c);
    free(text);
}
END_TEST

START_TEST(the_samples_are_good)
{
    static const char *const paths[] = {SOURCE_DIR "/config/allot.file.yaml", SOURCE_DIR "/config/allot.redis.yaml",
                                        SOURCE_DIR "/config/allot.full.yaml"};
    char *text = load_file(paths[_i], NULL);
    const char *modeline = "# yaml-language-server: $schema=allot.schema.json\n";
    ck_assert_int_eq(strncmp(text, modeline, strlen(modeline)), 0);
    config c = good_config(text, NULL);
    config_done(&c);
    free(text);
}
END_TEST

/* The first YAML block of the documentation. */
START_TEST(the_example_of_the_documentation_is_good)
{
    char *page = load_file(SOURCE_DIR "/docs/configuration.md", NULL);
    char *begin = strstr(page, "```yaml\n");
    ck_assert_ptr_nonnull(begin);
    begin += strlen("```yaml\n");
    *strstr(begin, "```\n") = '\0';
    config c = good_config(begin, NULL);
    ck_assert_str_eq(c.backend.type, "redis");
    config_done(&c);
    free(page);
}
END_TEST

Suite *pages_suite(void)
{
    Suite *suite = suite_create("pages");
    TCase *tcase = tcase_create("pages");
    tcase_add_test(tcase, the_schema_is_committed);
    tcase_add_test(tcase, the_sample_is_committed);
    tcase_add_test(tcase, the_documentation_is_committed);
    tcase_add_test(tcase, the_full_sample_is_the_defaults);
    tcase_add_test(tcase, what_the_samples_leave_out_is_good_when_uncommented);
    tcase_add_loop_test(tcase, the_samples_are_good, 0, 3);
    tcase_add_test(tcase, the_example_of_the_documentation_is_good);
    suite_add_tcase(suite, tcase);
    return suite;
}
