/* The effective settings as YAML, and what differs between two. */
#include "tests/config/suites.h"

#include <stdlib.h>
#include <string.h>

static char *dump_of(const config *c, bool with_origins)
{
    bytes text = {0};
    ck_assert_int_eq(config_dump(c, with_origins, &text), 0);
    return take_text(&text);
}

static int report_change(void *user, const config_setting *s)
{
    bytes *to = user;
    return bytes_printf(to, "%s=%s%s\n", s->path, s->value != NULL ? s->value : "(none)",
                        s->key->reloadable ? " reloadable" : "");
}

static char *changes_of(const config *old, const config *new)
{
    bytes text = {0};
    ck_assert_int_eq(config_changes(old, new, report_change, &text), 0);
    return take_text(&text);
}

START_TEST(the_defaults)
{
    config c = good_config("", NULL);
    char *text = dump_of(&c, false);
    ck_assert_str_eq(text, "group: default\n"
                           "lease:\n  ttl: 10s\n  quarantine: auto\n"
                           "slot:\n  name: \"\"\n  container: \"\"\n  weight: 1\n  stall: 0s\n"
                           "split:\n  strategy: round_robin\n  movement: minimal\n  settle: 300ms\n"
                           "handover:\n  timeout: 30s\n  on_timeout: keep\n  release: auto\n"
                           "work:\n  max_attempts: 5\n  retry_after: 1s\n"
                           "backend:\n  type: file\n  file:\n    path: ./.allot\n    fsync: pool\n    force: false\n"
                           "log:\n  level: info\n  format: auto\n  ids: false\n");
    free(text);
    config_done(&c);
}
END_TEST

START_TEST(origins)
{
    char *const variables[] = {(char *)"ALLOT_TTL=7s", (char *)"ALLOT_SPLIT_OPTIONS_SEED=7", NULL};
    config c;
    const char *text = "group: g\nslot: { name: \"a $$ b\" }\n";
    ck_assert_int_eq(config_init(&c), 0);
    ck_assert_int_eq(config_read_env(&c, variables), 0);
    ck_assert_int_eq(config_read_text(&c, "conf/a.yaml", text, strlen(text)), 0);
    ck_assert_int_eq(config_set_flag(&c, "weight", "7", NULL), 0);
    ck_assert_int_eq(config_set_flag(&c, "backend-option", "boot_id=x", NULL), 0);
    ck_assert_int_eq(config_finish(&c), 0);
    char *shown = dump_of(&c, true);
    static const char *const lines[] = {
        "group: g                                # conf/a.yaml:1:8\n",
        "  ttl: 7s                               # environment ALLOT_TTL\n",
        "  quarantine: auto                      # default\n",
        "  name: \"a $$ b\"                        # conf/a.yaml:2:15\n",
        "  weight: 7                             # --weight\n",
        "  options:\n    seed: 7                             # environment ALLOT_SPLIT_OPTIONS_SEED\n",
        "    force: false                        # default\n",
        "    boot_id: x                          # --backend-option boot_id\nlog:\n"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        ck_assert_msg(strstr(shown, lines[i]) != NULL, "not there: %sin\n%s", lines[i], shown);
    free(shown);
    config_done(&c);
}
END_TEST

START_TEST(secrets_are_not_shown)
{
    config c =
        good_config("backend:\n  type: vault\n  redis: { url: 'redis://bob:hunter2@x:1/0' }\n"
                    "  vault: { password: hunter2, Api_Token: hunter2, token_file: /x, at: 'http://u:hunter2@h/' }\n"
                    "split: { options: { secret: hunter2, place: 'x://:hunter2@y' } }\n",
                    NULL);
    ck_assert_str_eq(option_value(c.backend.options, "password"), "hunter2");
    char *text = dump_of(&c, true);
    ck_assert_msg(strstr(text, "hunter2") == NULL, "%s", text);
    ck_assert_ptr_nonnull(strstr(text, "token_file: /x"));
    ck_assert_ptr_nonnull(strstr(text, "redis://bob:***@x:1/0"));
    ck_assert_ptr_nonnull(strstr(text, "http://u:***@h/"));
    free(text);
    config other = good_config("", NULL);
    text = changes_of(&other, &c);
    ck_assert_ptr_nonnull(strstr(text, "backend.vault.password=***"));
    ck_assert_ptr_null(strstr(text, "hunter2"));
    free(text);
    config_done(&other);
    config_done(&c);
}
END_TEST

/* ---- What is dumped is read as the same -------------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static uint64_t below(uint64_t *state, uint64_t limit)
{
    return next_random(state) % limit;
}

/* Pieces of which values are made: everything that means something to YAML, to ${}, or to a terminal. */
static const char *const pieces[] = {"a",
                                     "Z",
                                     "0",
                                     "10s",
                                     " ",
                                     "  ",
                                     ":",
                                     ": ",
                                     " #",
                                     "#",
                                     "'",
                                     "\"",
                                     "\\",
                                     "$",
                                     "${",
                                     "}",
                                     "{",
                                     "[",
                                     "]",
                                     ",",
                                     "&",
                                     "*",
                                     "!",
                                     "|",
                                     ">",
                                     "%",
                                     "@",
                                     "`",
                                     "-",
                                     "- ",
                                     "?",
                                     "~",
                                     "null",
                                     "true",
                                     "no",
                                     "<<",
                                     "=",
                                     "\\n",
                                     "\xc3\xa9",
                                     "\xe6\x9d\xb1",
                                     "\xf0\x9f\x98\x80",
                                     "\xe2\x80\xa8",
                                     "\xe2\x80\xa9",
                                     "\xef\xbb\xbf",
                                     "\xef\xbf\xbe",
                                     "\xef\xbf\xbf",
                                     "..",
                                     "---",
                                     "0x1",
                                     ".inf",
                                     "1e3"};

static char *random_text(uint64_t *state)
{
    bytes text = {0};
    for (uint64_t n = below(state, 6); n > 0; n--)
        ck_assert_int_eq(bytes_printf(&text, "%s", pieces[below(state, sizeof(pieces) / sizeof(pieces[0]))]), 0);
    return take_text(&text);
}

static void set_random_text(config *c, uint64_t *state, const char *flag, const char *prefix)
{
    char *text = random_text(state);
    bytes value = {0};
    ck_assert_int_eq(bytes_printf(&value, "%s%s", prefix, text), 0);
    char *whole = take_text(&value);
    ck_assert_int_eq(config_set_flag(c, flag, whole, NULL), 0);
    free(whole);
    free(text);
}

static void set_random_number(config *c, uint64_t *state, const char *flag)
{
    static const char *const units[] = {"ms", "s", "m", "h"};
    const config_key *key = config_key_of_flag(flag);
    char text[64];
    uint64_t number = (uint64_t)key->min + below(state, (uint64_t)(key->max - key->min) + 1);
    snprintf(text, sizeof(text), "%llu%s", (unsigned long long)number, key->type == CONFIG_DURATION ? units[0] : "");
    ck_assert_int_eq(config_set_flag(c, flag, text, NULL), 0);
}

static config random_config(uint64_t *state)
{
    static const char *const numbers[] = {"ttl",         "stall",  "settle",      "handover-timeout",
                                          "retry-after", "weight", "max-attempts"};
    static const char *const types[] = {"file", "redis", "memory", "my-store", "0"};
    config c;
    ck_assert_int_eq(config_init(&c), 0);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (below(state, 2) == 0)
            set_random_number(&c, state, numbers[i]);
    set_random_text(&c, state, "name", "");
    set_random_text(&c, state, "container", "");
    set_random_text(&c, state, "modules", "/");
    set_random_text(&c, state, "path", "./");
    set_random_text(&c, state, "url", "unix://");
    set_random_text(&c, state, "strategy-option", "seed=");
    set_random_text(&c, state, "strategy-option", "yes=");
    set_random_text(&c, state, "strategy-option", "-=");
    uint64_t type = below(state, sizeof(types) / sizeof(types[0]));
    ck_assert_int_eq(config_set_flag(&c, "backend", types[type], NULL), 0);
    if (type >= 3)
        set_random_text(&c, state, "backend-option", "null=");
    ck_assert_int_eq(config_finish(&c), 0);
    return c;
}

START_TEST(a_dump_is_read_as_the_same)
{
    uint64_t state = 88172645463325252u + (uint64_t)_i;
    for (int i = 0; i < 300; i++) {
        config c = random_config(&state);
        char *text = dump_of(&c, i % 2 == 0);
        if (strstr(text, "***") == NULL && config_error_count(&c) == 0) {
            config again = config_of(text, NULL);
            char *changes = changes_of(&c, &again);
            ck_assert_msg(config_error_count(&again) == 0, "%s\n%s", text, first_error(&again));
            ck_assert_msg(changes[0] == '\0', "%s\n%s", text, changes);
            ck_assert_uint_eq(again.split.options.count, 3);
            ck_assert_uint_eq(again.backend.options.count, c.backend.options.count);
            free(changes);
            config_done(&again);
        }
        free(text);
        config_done(&c);
    }
}
END_TEST

/* ---- Changes ----------------------------------------------------------------------------------------------------- */

START_TEST(what_differs)
{
    config old = good_config("lease: { ttl: 60s }\nsplit: { strategy: hash, options: { a: 1, b: 2 } }\n"
                             "backend: { type: etcd, etcd: { at: x }, redis: { username: u, password_file: /p } }\n",
                             NULL);
    config new = good_config("lease: { ttl: 1m }\nsplit: { options: { b: 3, c: 4 }, settle: 1s }\nslot: { name: n }\n"
                             "backend: { type: etcd, etcd: { at: y } }\nlog: { ids: true }\n",
                             NULL);
    char *text = changes_of(&old, &new);
    ck_assert_str_eq(text, "slot.name=n\n"
                           "split.strategy=round_robin reloadable\n"
                           "split.settle=1s reloadable\n"
                           "backend.redis.username=(none)\n"
                           "backend.redis.password_file=(none)\n"
                           "log.ids=true reloadable\n"
                           "split.options.b=3 reloadable\n"
                           "split.options.c=4 reloadable\n"
                           "backend.etcd.at=y\n"
                           "split.options.a=1 reloadable\n");
    free(text);
    text = changes_of(&old, &old);
    ck_assert_str_eq(text, "");
    free(text);
    config_done(&old);
    config_done(&new);
}
END_TEST

Suite *dump_suite(void)
{
    Suite *suite = suite_create("dump");
    TCase *tcase = tcase_create("dump");
    tcase_set_timeout(tcase, 30); /* on a busy machine, too */
    tcase_add_test(tcase, the_defaults);
    tcase_add_test(tcase, origins);
    tcase_add_test(tcase, secrets_are_not_shown);
    tcase_add_loop_test(tcase, a_dump_is_read_as_the_same, 0, 5);
    tcase_add_test(tcase, what_differs);
    suite_add_tcase(suite, tcase);
    return suite;
}
