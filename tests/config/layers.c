/* Flags beat the environment, the environment beats the file, the file beats the defaults. */
#include "tests/config/suites.h"

#include <string.h>

typedef enum layer { FILE_LAYER = 1, ENV_LAYER = 2, FLAG_LAYER = 4 } layer;

static void set_flag(config *c, const char *flag, const char *value)
{
    ck_assert_int_eq(config_set_flag(c, flag, value, NULL), 0);
}

/* Every combination of the layers, read in two orders. */
START_TEST(the_strongest_counts)
{
    char *const variables[] = {(char *)"ALLOT_LEASE_TTL=2s", (char *)"ALLOT_SPLIT_OPTIONS_SEED=2",
                               (char *)"ALLOT_BACKEND_ETCD_AT=2", NULL};
    const char *text =
        "lease: { ttl: 1s }\nsplit: { options: { seed: 1 } }\nbackend: { type: etcd, etcd: { at: 1 } }\n";
    char *const none[] = {NULL};
    int layers = _i % 8;
    bool flags_first = _i >= 8;
    config c;
    ck_assert_int_eq(config_init(&c), 0);
    for (int pass = 0; pass < 2; pass++) {
        bool is_flag_pass = (pass == 0) == flags_first;
        if (is_flag_pass && (layers & FLAG_LAYER)) {
            set_flag(&c, "ttl", "3s");
            set_flag(&c, "strategy-option", "seed=3");
            set_flag(&c, "backend-option", "at=3");
        }
        if (!is_flag_pass) {
            ck_assert_int_eq(config_read_env(&c, layers & ENV_LAYER ? variables : none), 0);
            if (layers & FILE_LAYER)
                ck_assert_int_eq(config_read_text(&c, "f", text, strlen(text)), 0);
        }
    }
    if (!(layers & FILE_LAYER))
        set_flag(&c, "backend", "etcd");
    ck_assert_int_eq(config_finish(&c), 0);
    ck_assert_uint_eq(config_error_count(&c), 0);
    int best = layers & FLAG_LAYER ? 3 : layers & ENV_LAYER ? 2 : layers & FILE_LAYER ? 1 : 0;
    const char *digits[] = {NULL, "1", "2", "3"};
    const char *seed = option_value(c.split.options, "seed"), *at = option_value(c.backend.options, "at");
    ck_assert_int_eq(c.lease.ttl_ms, best == 0 ? 10000 : best * 1000);
    ck_assert_pstr_eq(seed, digits[best]);
    ck_assert_pstr_eq(at, digits[best]);
    ck_assert_uint_eq(c.split.options.count, best > 0);
    ck_assert_uint_eq(c.backend.options.count, best > 0);
    ck_assert_int_eq(config_position_of(&c, "lease.ttl").source, best);
    ck_assert_int_eq(config_position_of(&c, "split.options.seed").source, best);
    config_done(&c);
}
END_TEST

/* These were there before configuration files were. */
START_TEST(every_setting_has_its_names_in_the_environment)
{
    static const struct {
        const char *path, *full, *brief;
    } names[] = {
        {"group", "ALLOT_GROUP", ""},
        {"lease.ttl", "ALLOT_LEASE_TTL", "ALLOT_TTL"},
        {"lease.quarantine", "ALLOT_LEASE_QUARANTINE", "ALLOT_QUARANTINE"},
        {"slot.name", "ALLOT_SLOT_NAME", "ALLOT_NAME"},
        {"slot.container", "ALLOT_SLOT_CONTAINER", "ALLOT_CONTAINER"},
        {"slot.weight", "ALLOT_SLOT_WEIGHT", "ALLOT_WEIGHT"},
        {"slot.stall", "ALLOT_SLOT_STALL", "ALLOT_STALL"},
        {"split.strategy", "ALLOT_SPLIT_STRATEGY", "ALLOT_STRATEGY"},
        {"split.options", "", ""},
        {"split.movement", "ALLOT_SPLIT_MOVEMENT", "ALLOT_MOVEMENT"},
        {"split.settle", "ALLOT_SPLIT_SETTLE", "ALLOT_SETTLE"},
        {"handover.timeout", "ALLOT_HANDOVER_TIMEOUT", ""},
        {"handover.on_timeout", "ALLOT_HANDOVER_ON_TIMEOUT", "ALLOT_ON_TIMEOUT"},
        {"handover.release", "ALLOT_HANDOVER_RELEASE", ""},
        {"work.max_attempts", "ALLOT_WORK_MAX_ATTEMPTS", "ALLOT_MAX_ATTEMPTS"},
        {"work.retry_after", "ALLOT_WORK_RETRY_AFTER", "ALLOT_RETRY_AFTER"},
        {"backend.type", "ALLOT_BACKEND_TYPE", "ALLOT_BACKEND"},
        {"backend.*", "", ""},
        {"backend.file.path", "ALLOT_BACKEND_FILE_PATH", "ALLOT_PATH"},
        {"backend.file.fsync", "ALLOT_BACKEND_FILE_FSYNC", ""},
        {"backend.file.force", "ALLOT_BACKEND_FILE_FORCE", ""},
        {"backend.redis.url", "ALLOT_BACKEND_REDIS_URL", "ALLOT_URL"},
        {"backend.redis.username", "ALLOT_BACKEND_REDIS_USERNAME", ""},
        {"backend.redis.password_file", "ALLOT_BACKEND_REDIS_PASSWORD_FILE", ""},
        {"backend.redis.key_prefix", "ALLOT_BACKEND_REDIS_KEY_PREFIX", ""},
        {"modules.path", "ALLOT_MODULES_PATH", "ALLOT_MODULES"},
        {"log.level", "ALLOT_LOG_LEVEL", ""},
        {"log.format", "ALLOT_LOG_FORMAT", ""},
        {"log.ids", "ALLOT_LOG_IDS", ""},
    };
    const config_key *key;
    for (size_t i = 0; (key = config_key_at(i)) != NULL; i++) {
        char full[CONFIG_ENV_BYTES], brief[CONFIG_ENV_BYTES];
        ck_assert_uint_lt(i, sizeof(names) / sizeof(names[0]));
        config_key_env(key, full);
        config_key_env_short(key, brief);
        ck_assert_str_eq(key->path, names[i].path);
        ck_assert_str_eq(full, names[i].full);
        ck_assert_str_eq(brief, names[i].brief);
    }
    ck_assert_ptr_null(config_key_at(sizeof(names) / sizeof(names[0])));
}
END_TEST

START_TEST(the_short_name_counts_and_an_empty_one_does_not)
{
    char *const both[] = {(char *)"ALLOT_LEASE_TTL=2s", (char *)"ALLOT_TTL=3s", NULL};
    char *const empty[] = {(char *)"ALLOT_LEASE_TTL=2s", (char *)"ALLOT_TTL=", (char *)"ALLOT_GROUP=", NULL};
    config c = good_config("", both);
    ck_assert_int_eq(c.lease.ttl_ms, 3000);
    ck_assert_str_eq(config_position_of(&c, "lease.ttl").name, "ALLOT_TTL");
    config_done(&c);
    c = good_config("", empty);
    ck_assert_int_eq(c.lease.ttl_ms, 2000);
    ck_assert_str_eq(c.group, "default");
    config_done(&c);
}
END_TEST

/* Kubernetes sets such for services called allot and allot-backend-redis. */
START_TEST(foreign_variables_are_ignored)
{
    char *const variables[] = {(char *)"ALLOT_PORT=tcp://10.0.0.1:80",
                               (char *)"ALLOT_SERVICE_HOST=10.0.0.1",
                               (char *)"ALLOT_BACKEND_REDIS_PORT=tcp://10.0.0.1:6379",
                               (char *)"ALLOT_TTLX=1",
                               (char *)"NO_EQUALS",
                               (char *)"ALLOT_SPLIT_OPTIONS_",
                               (char *)"ALLOT_SPLIT_OPTIONS_=1",
                               (char *)"ALLOT_SPLIT_OPTIONS_A.B=1",
                               (char *)"ALLOT_SPLIT_OPTIONS_A\n=1",
                               (char *)"ALLOT_BACKEND_REDIS_URL=redis://x/0",
                               (char *)"ALLOT_BACKEND=redis",
                               NULL};
    config c = good_config("", variables);
    ck_assert_uint_eq(c.split.options.count, 0);
    ck_assert_uint_eq(c.backend.options.count, 1);
    ck_assert_str_eq(option_value(c.backend.options, "url"), "redis://x/0");
    config_done(&c);
}
END_TEST

START_TEST(options_of_a_module_in_the_environment)
{
    char *const variables[] = {(char *)"ALLOT_BACKEND_MY_STORE_KEY_PREFIX=x", (char *)"ALLOT_BACKEND_OTHER_A=y", NULL};
    config c = good_config("backend: { type: my-store }", variables);
    ck_assert_uint_eq(c.backend.options.count, 1);
    ck_assert_str_eq(option_value(c.backend.options, "key_prefix"), "x");
    config_done(&c);
}
END_TEST

START_TEST(pairs_are_settings_of_the_selected_backend)
{
    config c;
    ck_assert_int_eq(config_init(&c), 0);
    set_flag(&c, "backend-option", "fsync=always");
    set_flag(&c, "backend-option", "boot_id=a=b");
    set_flag(&c, "backend-option", "boot_id=c=d");
    ck_assert_int_eq(config_finish(&c), 0);
    ck_assert_uint_eq(config_error_count(&c), 0);
    ck_assert_str_eq(option_value(c.backend.options, "fsync"), "always");
    ck_assert_str_eq(option_value(c.backend.options, "boot_id"), "c=d");
    ck_assert_uint_eq(c.backend.options.count, 4);
    config_done(&c);
    ck_assert_int_eq(config_init(&c), 0);
    set_flag(&c, "backend-option", "fsync=sometimes");
    ck_assert_int_eq(config_finish(&c), 0);
    ck_assert_str_eq(first_error(&c), "--backend-option fsync: expected one of pool|always|never; got 'sometimes'");
    config_done(&c);
}
END_TEST

START_TEST(a_flag_without_value_is_true_and_the_last_counts)
{
    config c;
    ck_assert_int_eq(config_init(&c), 0);
    set_flag(&c, "log-ids", NULL);
    set_flag(&c, "ttl", "2s");
    set_flag(&c, "ttl", "3s");
    ck_assert_int_eq(config_finish(&c), 0);
    ck_assert(c.log.ids);
    ck_assert_int_eq(c.lease.ttl_ms, 3000);
    config_done(&c);
}
END_TEST

START_TEST(the_table_is_whole)
{
    const config_key *key;
    for (size_t i = 0; (key = config_key_at(i)) != NULL; i++) {
        ck_assert_ptr_eq(config_key_named(key->path), key);
        if (key->flag != NULL)
            ck_assert_ptr_eq(config_key_of_flag(key->flag), key);
        ck_assert_msg((key->label == NULL) == (key->type == CONFIG_BOOLEAN), "%s", key->path);
        ck_assert_msg(key->help[strlen(key->help) - 1] != '.', "%s", key->path);
        ck_assert_msg(key->fallback != NULL || key->example != NULL || key->type == CONFIG_OPTIONS, "%s", key->path);
        ck_assert_msg(strchr(key->help, '|') == NULL && strchr(key->help, '"') == NULL, "%s", key->path);
    }
}
END_TEST

Suite *layers_suite(void)
{
    Suite *suite = suite_create("layers");
    TCase *tcase = tcase_create("layers");
    tcase_add_loop_test(tcase, the_strongest_counts, 0, 16);
    tcase_add_test(tcase, every_setting_has_its_names_in_the_environment);
    tcase_add_test(tcase, the_short_name_counts_and_an_empty_one_does_not);
    tcase_add_test(tcase, foreign_variables_are_ignored);
    tcase_add_test(tcase, options_of_a_module_in_the_environment);
    tcase_add_test(tcase, pairs_are_settings_of_the_selected_backend);
    tcase_add_test(tcase, a_flag_without_value_is_true_and_the_last_counts);
    tcase_add_test(tcase, the_table_is_whole);
    suite_add_tcase(suite, tcase);
    return suite;
}
