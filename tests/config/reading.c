/* What a file says. */
#include "tests/config/suites.h"

#include <stdlib.h>
#include <string.h>

START_TEST(an_empty_file_is_the_defaults)
{
    static const char *const texts[] = {"",  "# nothing\n",  "---\n",        "lease:\nslot: {}\nbackend:\n  file: ~\n",
                                        "~", "\xef\xbb\xbf", "--- {}\n...\n"};
    config c = good_config(texts[_i], NULL);
    ck_assert_str_eq(c.group, "default");
    ck_assert_int_eq(c.lease.ttl_ms, 10000);
    ck_assert_int_eq(c.lease.quarantine, CONFIG_QUARANTINE_AUTO);
    ck_assert_str_eq(c.slot.name, "");
    ck_assert_int_eq(c.slot.weight, 1);
    ck_assert_str_eq(c.split.strategy, "round_robin");
    ck_assert_uint_eq(c.split.options.count, 0);
    ck_assert_ptr_null(c.split.options.items);
    ck_assert_int_eq(c.split.settle_ms, 300);
    ck_assert_int_eq(c.handover.timeout_ms, 30000);
    ck_assert_int_eq(c.handover.on_timeout, ALLOT_KEEP);
    ck_assert_int_eq(c.work.max_attempts, 5);
    ck_assert_str_eq(c.backend.type, "file");
    ck_assert_str_eq(option_value(c.backend.options, "path"), "./.allot");
    ck_assert_ptr_null(c.modules.path);
    ck_assert_int_eq(c.log.level, CONFIG_LOG_INFO);
    ck_assert(!c.log.ids);
    config_done(&c);
}
END_TEST

/* The library and the configuration agree on what happens when nothing is said. */
START_TEST(the_defaults_are_those_of_the_library)
{
    allot_options o;
    allot_options_init(&o);
    config c = good_config("", NULL);
    ck_assert_str_eq(c.group, o.group);
    ck_assert_str_eq(c.slot.name, o.name);
    ck_assert_str_eq(c.slot.container, o.container);
    ck_assert_str_eq(c.backend.type, o.backend);
    ck_assert_str_eq(c.split.strategy, o.strategy);
    ck_assert_int_eq(c.slot.weight, o.weight);
    ck_assert_int_eq(c.work.max_attempts, o.max_attempts);
    ck_assert_int_eq(c.lease.ttl_ms, o.ttl_ms);
    ck_assert_int_eq(c.split.settle_ms, o.settle_ms);
    ck_assert_int_eq(c.handover.timeout_ms, o.handover_timeout_ms);
    ck_assert_int_eq(c.work.retry_after_ms, o.retry_after_ms);
    ck_assert_int_eq(c.slot.stall_ms, o.stall_ms);
    ck_assert_int_eq(c.handover.on_timeout, (int)o.on_timeout);
    ck_assert_int_eq(c.lease.quarantine, o.quarantine_always);
    config_done(&c);
}
END_TEST

START_TEST(every_setting_arrives)
{
    config c =
        good_config("group: recovery\n"
                    "lease: { ttl: 1m30s, quarantine: always }\n"
                    "slot: { name: 'a b', container: \"pod \\u00e9\", weight: \"7\", stall: 2h }\n"
                    "split:\n  strategy: hash\n  movement: minimal\n  settle: 0s\n"
                    "  options: { seed: 7, Flag: true, text: 'a: b', empty: \"\" }\n"
                    "handover: { timeout: 5s, on_timeout: retire, release: manual }\n"
                    "work: { max_attempts: 4294967295, retry_after: 24h }\n"
                    "backend:\n  type: redis\n"
                    "  file: { path: /x, fsync: always, force: true }\n"
                    "  redis: { url: 'unix:///run/redis?db=1', username: u, password_file: /p, key_prefix: '' }\n"
                    "modules: { path: /m }\n"
                    "log: { level: debug, format: json, ids: true }\n",
                    NULL);
    ck_assert_str_eq(c.group, "recovery");
    ck_assert_int_eq(c.lease.ttl_ms, 90000);
    ck_assert_int_eq(c.lease.quarantine, CONFIG_QUARANTINE_ALWAYS);
    ck_assert_str_eq(c.slot.name, "a b");
    ck_assert_str_eq(c.slot.container, "pod \xc3\xa9");
    ck_assert_int_eq(c.slot.weight, 7);
    ck_assert_int_eq(c.slot.stall_ms, 7200000);
    ck_assert_str_eq(c.split.strategy, "hash");
    ck_assert_int_eq(c.split.movement, CONFIG_MOVEMENT_MINIMAL);
    ck_assert_int_eq(c.split.settle_ms, 0);
    ck_assert_uint_eq(c.split.options.count, 4);
    ck_assert_str_eq(option_value(c.split.options, "seed"), "7");
    ck_assert_str_eq(option_value(c.split.options, "Flag"), "true");
    ck_assert_str_eq(option_value(c.split.options, "text"), "a: b");
    ck_assert_str_eq(option_value(c.split.options, "empty"), "");
    ck_assert_int_eq(c.handover.timeout_ms, 5000);
    ck_assert_int_eq(c.handover.on_timeout, ALLOT_RETIRE);
    ck_assert_int_eq(c.handover.release, CONFIG_RELEASE_MANUAL);
    ck_assert_int_eq(c.work.max_attempts, UINT32_MAX);
    ck_assert_int_eq(c.work.retry_after_ms, 86400000);
    ck_assert_uint_eq(c.backend.options.count, 4);
    ck_assert_str_eq(option_value(c.backend.options, "url"), "unix:///run/redis?db=1");
    ck_assert_str_eq(option_value(c.backend.options, "username"), "u");
    ck_assert_str_eq(option_value(c.backend.options, "password_file"), "/p");
    ck_assert_str_eq(option_value(c.backend.options, "key_prefix"), "");
    ck_assert_str_eq(c.modules.path, "/m");
    ck_assert_int_eq(c.log.level, CONFIG_LOG_DEBUG);
    ck_assert_int_eq(c.log.format, CONFIG_LOG_JSON);
    ck_assert(c.log.ids);
    config_done(&c);
}
END_TEST

START_TEST(the_words_are_the_enums)
{
    static const struct {
        const char *path, *words;
    } expected[] = {{"lease.quarantine", "auto|always"},    {"split.movement", "minimal|exact"},
                    {"handover.on_timeout", "keep|retire"}, {"handover.release", "auto|manual"},
                    {"log.level", "error|warn|info|debug"}, {"log.format", "auto|pretty|json"}};
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        ck_assert_str_eq(config_key_named(expected[i].path)->words, expected[i].words);
}
END_TEST

START_TEST(the_backend_gets_its_section_only)
{
    const char *text = "backend:\n  type: %s\n  file: { path: /f }\n  etcd: { endpoints: 'a,b', prefix: 5 }\n"
                       "  memory: {}\n  redis: { url: 'redis://x' }\n";
    char etcd[256], memory[256];
    snprintf(etcd, sizeof(etcd), text, "etcd");
    snprintf(memory, sizeof(memory), text, "memory");
    config c = good_config(etcd, NULL);
    ck_assert_uint_eq(c.backend.options.count, 2);
    ck_assert_str_eq(c.backend.options.items[0].key, "endpoints");
    ck_assert_str_eq(c.backend.options.items[1].value, "5");
    config_done(&c);
    c = good_config(memory, NULL);
    ck_assert_uint_eq(c.backend.options.count, 0);
    config_done(&c);
}
END_TEST

/* A slip in the name of a section would go unnoticed, unless it is a module that the file or a flag selects. */
START_TEST(a_section_nearly_named_like_a_backend)
{
    config c = good_config("backend: { type: files, files: { a: 1 } }", NULL);
    config_done(&c);
    c = config_of("backend: { files: { a: 1 } }", NULL);
    ck_assert_str_eq(first_error(&c), "unknown key 'files' in 'backend'; did you mean 'file'?");
    config_done(&c);
    ck_assert_int_eq(config_init(&c), 0);
    const char *text = "backend: { type: files, files: { a: 1 } }";
    ck_assert_int_eq(config_read_text(&c, "x", text, strlen(text)), 0);
    ck_assert_int_eq(config_set_flag(&c, "backend", "file", NULL), 0);
    ck_assert_int_eq(config_finish(&c), 0);
    ck_assert_uint_eq(config_error_count(&c), 0);
    config_done(&c);
}
END_TEST

/* ---- Variables --------------------------------------------------------------------------------------------------- */

typedef struct expansion_case {
    const char *written; /* in double quotes */
    const char *value;
} expansion_case;

static const expansion_case expansions[] = {
    {"${A}", "one"},
    {"${EMPTY}", ""},
    {"${UNSET:-}", ""},
    {"${UNSET:-two}", "two"},
    {"${EMPTY:-two}", "two"},
    {"${A:-two}", "one"},
    {"${A:?must be there}", "one"},
    {"$$", "$"},
    {"$${A}", "${A}"},
    {"$$$$${A}$$", "$$one$"},
    {"x${A}y${A}z", "xoneyonez"},
    {"${UNSET:-${A}}", "one"},
    {"${UNSET:-${EMPTY:-${A:-x}}}", "one"},
    {"${UNSET:-a}b}", "ab}"},
    {"${UNSET:-$$}", "$"},
    {"${UNSET:-a:-b:?c}", "a:-b:?c"},
    {"${DOLLAR}", "${A} $$"}, /* what a variable says is not looked at again */
    {"${A_1}", "under"},
    {"}{", "}{"},
};

static char *const expansion_variables[] = {(char *)"A=one",     (char *)"EMPTY=", (char *)"DOLLAR=${A} $$",
                                            (char *)"A_1=under", (char *)"B=a=b",  NULL};

START_TEST(variables_are_replaced)
{
    char text[256];
    snprintf(text, sizeof(text), "slot: { name: \"%s\", container: '%s' }", expansions[_i].written,
             expansions[_i].written);
    config c = good_config(text, expansion_variables);
    ck_assert_str_eq(c.slot.name, expansions[_i].value);
    ck_assert_str_eq(c.slot.container, expansions[_i].value);
    config_done(&c);
}
END_TEST

START_TEST(variables_are_replaced_everywhere_but_in_keys)
{
    char *const variables[] = {(char *)"TTL=3s", (char *)"B=a=b", (char *)"TYPE=etcd", (char *)"IDS=true", NULL};
    config c = good_config("lease:\n  ttl: ${TTL}\nsplit:\n  options: { seed: '${B}' }\nlog: { ids: \"${IDS}\" }\n"
                           "backend:\n  type: ${TYPE}\n  etcd:\n    at: >-\n      ${B}\n      ${TTL}\n",
                           variables);
    ck_assert_int_eq(c.lease.ttl_ms, 3000);
    ck_assert_str_eq(option_value(c.split.options, "seed"), "a=b");
    ck_assert_str_eq(option_value(c.backend.options, "at"), "a=b 3s");
    ck_assert(c.log.ids);
    config_done(&c);
    c = config_of("${TTL}: 1\n", variables);
    ck_assert_str_eq(first_error(&c), "unknown key '${TTL}'");
    config_done(&c);
}
END_TEST

/* A value cannot become structure. */
START_TEST(a_variable_cannot_inject)
{
    char *const variables[] = {(char *)"NAME=x, weight: 9 } # ", NULL};
    config c = good_config("slot: { name: \"${NAME}\" }", variables);
    ck_assert_str_eq(c.slot.name, "x, weight: 9 } # ");
    ck_assert_int_eq(c.slot.weight, 1);
    config_done(&c);
}
END_TEST

START_TEST(what_becomes_of_variables_is_bounded)
{
    bytes text = {0};
    char *const variables[] = {(char *)"A=0123456789012345678901234567890123456789012345678901234567890123456789",
                               NULL};
    ck_assert_int_eq(bytes_printf(&text, "slot: { name: \""), 0);
    for (int i = 0; i < 10000; i++)
        ck_assert_int_eq(bytes_printf(&text, "${A}"), 0);
    ck_assert_int_eq(bytes_printf(&text, "\" }"), 0);
    char *document = take_text(&text);
    config c = config_of(document, variables);
    ck_assert_uint_eq(config_error_count(&c), 1);
    ck_assert_str_eq(first_error(&c), "this becomes too long");
    config_done(&c);
    free(document);
}
END_TEST

Suite *reading_suite(void)
{
    Suite *suite = suite_create("reading");
    TCase *tcase = tcase_create("reading");
    tcase_set_timeout(tcase, 30); /* on a busy machine, too */
    tcase_add_loop_test(tcase, an_empty_file_is_the_defaults, 0, 7);
    tcase_add_test(tcase, the_defaults_are_those_of_the_library);
    tcase_add_test(tcase, every_setting_arrives);
    tcase_add_test(tcase, the_words_are_the_enums);
    tcase_add_test(tcase, the_backend_gets_its_section_only);
    tcase_add_test(tcase, a_section_nearly_named_like_a_backend);
    tcase_add_loop_test(tcase, variables_are_replaced, 0, sizeof(expansions) / sizeof(expansions[0]));
    tcase_add_test(tcase, variables_are_replaced_everywhere_but_in_keys);
    tcase_add_test(tcase, a_variable_cannot_inject);
    tcase_add_test(tcase, what_becomes_of_variables_is_bounded);
    suite_add_tcase(suite, tcase);
    return suite;
}
