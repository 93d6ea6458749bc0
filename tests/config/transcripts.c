/* bad/NAME.yaml is answered with bad/NAME.txt; likewise NAME.bytes, which is no text. After a wanted change:
 * TRANSCRIPTS=write tests/run config, then look at the difference. */
#include "tests/config/suites.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER SOURCE_DIR "/tests/config/bad/"

static char *const variables[] = {(char *)"ALLOT_TEST_WEIGHT=heavy", (char *)"ALLOT_TEST_EMPTY=", (char *)"HOME=/root",
                                  NULL};

static int is_input(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".bytes") == 0);
}

static char *answer_to(const char *name)
{
    char path[512];
    size_t len;
    bytes text = {0};
    snprintf(path, sizeof(path), "%s%s", FOLDER, name);
    char *content = load_file(path, &len);
    config c;
    ck_assert_int_eq(config_init(&c), 0);
    ck_assert_int_eq(config_read_env(&c, variables), 0);
    ck_assert_int_eq(config_read_text(&c, name, content, len), 0);
    ck_assert_int_eq(config_finish(&c), 0);
    ck_assert_msg(config_error_count(&c) > 0, "%s has no errors", name);
    ck_assert_int_eq(config_write_errors(&c, false, &text), 0);
    config_done(&c);
    free(content);
    return take_text(&text);
}

static void compare(const char *name)
{
    char path[512];
    char *answer = answer_to(name);
    const char *mode = getenv("TRANSCRIPTS");
    snprintf(path, sizeof(path), "%s%.*s.txt", FOLDER, (int)(strrchr(name, '.') - name), name);
    if (mode != NULL && strcmp(mode, "write") == 0) {
        FILE *file = fopen(path, "wb");
        ck_assert_ptr_nonnull(file);
        fputs(answer, file);
        ck_assert_int_eq(fclose(file), 0);
    }
    char *expected = load_file(path, NULL);
    ck_assert_msg(strcmp(answer, expected) == 0, "%s: expected\n%s\ngot\n%s", name, expected, answer);
    ck_assert_msg(strstr(answer, "hunter2") == NULL, "%s: a secret is shown", name);
    free(expected);
    free(answer);
}

START_TEST(every_bad_file_is_answered_as_written_down)
{
    struct dirent **entries;
    int count = scandir(FOLDER, &entries, is_input, alphasort);
    ck_assert_int_gt(count, 50);
    for (int i = 0; i < count; i++) {
        compare(entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}
END_TEST

Suite *transcripts_suite(void)
{
    Suite *suite = suite_create("transcripts");
    TCase *tcase = tcase_create("transcripts");
    tcase_set_timeout(tcase, 30); /* on a busy machine, too */
    tcase_add_test(tcase, every_bad_file_is_answered_as_written_down);
    suite_add_tcase(suite, tcase);
    return suite;
}
