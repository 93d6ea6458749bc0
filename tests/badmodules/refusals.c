#include "tests/badmodules/place.h"
#include "tests/badmodules/suites.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <allot/backend.h>
#include <allot/module.h>
#include <allot/strategy.h>

/* ---- Each module of modules/, and what is said of it ------------------------------------------------------------- */

typedef struct refusal {
    const char *kind, *name;
    const char *message;   /* what follows the path; of a number, its field */
    uint64_t is, expected; /* 0: it is about no number */
} refusal;

static const refusal refusals[] = {
    {"strategy", "magic", ": its magic is 0x1122334455667788, this library's is 0x656c75646f6d2b61", 0, 0},
    {"strategy", "abi", ": its abi", ALLOT_MODULE_ABI + 1, ALLOT_MODULE_ABI},
    {"strategy", "size", ": its size", sizeof(allot_module_info) - 8, sizeof(allot_module_info)},
    {"strategy", "wrong_kind", ": it is a backend, a strategy is wanted", 0, 0},
    {"backend", "wrong_kind", ": it is a strategy, a backend is wanted", 0, 0},
    {"strategy", "no_kind", ": its kind is 7, which is none; a strategy (2) is wanted", 0, 0},
    {"strategy", "no_name", ": its name is missing, expected was 'no_name'", 0, 0},
    {"strategy", "wrong_name", ": its name is 'right_name', expected was 'wrong_name'", 0, 0},
    {"strategy", "no_ops", ": it has no ops", 0, 0},
    {"strategy", "ops_abi", ": its ops' abi", ALLOT_STRATEGY_ABI - 1, ALLOT_STRATEGY_ABI},
    {"strategy", "ops_size", ": its ops' size", sizeof(allot_strategy_ops) + 16, sizeof(allot_strategy_ops)},
    {"strategy", "ops_name", ": its ops' name is 'another', expected was 'ops_name'", 0, 0},
    {"strategy", "ops_kind", ": its strategy's kind is 9; it has to be from 1 to 3", 0, 0},
    {"strategy", "no_assign", ": its ops lack the function assign()", 0, 0},
    {"strategy", "no_table", ": it has 2 options, and no table of them", 0, 0},
    {"strategy", "bad_option", ": its option 'speed': its default is no value that it may have", 0, 0},
    {"strategy", "no_function", " exports no function allot_module()", 0, 0},
    {"strategy", "no_info", ": allot_module() returns no descriptor", 0, 0},
    {"strategy", "no_symbol", " cannot be loaded: undefined symbol: function_that_nobody_has", 0, 0},
    {"backend", "ops_abi", ": its ops' abi", ALLOT_BACKEND_ABI + 1, ALLOT_BACKEND_ABI},
    {"backend", "ops_size", ": its ops' size", sizeof(allot_backend_ops) - 8, sizeof(allot_backend_ops)},
    {"backend", "ops_name", ": its ops' name is 'another', expected was 'ops_name'", 0, 0},
    {"backend", "no_open", ": its ops lack the function open()", 0, 0},
    {"backend", "no_submit", ": its ops lack the function submit()", 0, 0},
    {"backend", "no_process", ": its ops lack the function process()", 0, 0},
    {"backend", "no_fd", ": its ops lack the function fd()", 0, 0},
    {"backend", "no_deadline", ": its ops lack the function deadline()", 0, 0},
    {"backend", "no_close", ": its ops lack the function close()", 0, 0},
};

START_TEST(it_is_refused)
{
    const refusal *r = &refusals[_i];
    place p;
    place_init(&p);
    place_copy(&p, r->kind, r->name, r->name, SIZE_MAX);
    char message[256];
    if (r->expected != 0)
        snprintf(message, sizeof(message), "%s is %" PRIu64 ", this library's is %" PRIu64, r->message, r->is,
                 r->expected);
    place_refuses(&p, r->kind, r->name, r->expected != 0 ? message : r->message);
    place_done(&p);
}
END_TEST

/* So that the messages above are about what is wrong, and not about modules as such. */
START_TEST(a_good_one_is_taken)
{
    place p;
    allot_error error = {0};
    char path[PATH_MAX];
    place_init(&p);
    place_copy(&p, "strategy", "good", "good", SIZE_MAX);
    place_copy(&p, "backend", "good", "good", SIZE_MAX);
    ck_assert_msg(place_ask(&p, "strategy", "good", &error) == ALLOT_OK, "%s", error.message);
    ck_assert_int_eq(place_ask(&p, "strategy", "good", NULL), ALLOT_OK);
    place_file(&p, "strategy", "good", path);
    ck_assert(place_is_mapped(path));                                        /* and stays */
    ck_assert_int_eq(place_ask(&p, "backend", "good", NULL), ALLOT_E_PLACE); /* what its open() says */
    place_done(&p);
}
END_TEST

/* The second is opened under the first one's descriptor number. */
START_TEST(two_modules_are_two)
{
    place p;
    allot_error error = {0};
    place_init(&p);
    place_copy(&p, "strategy", "good", "good", SIZE_MAX);
    place_copy(&p, "strategy", "good_too", "good_too", SIZE_MAX);
    ck_assert_msg(place_ask(&p, "strategy", "good", &error) == ALLOT_OK, "%s", error.message);
    ck_assert_msg(place_ask(&p, "strategy", "good_too", &error) == ALLOT_OK, "%s", error.message);
    place_done(&p);
}
END_TEST

/* A module that was replaced is another one. */
START_TEST(a_replaced_file_is_another_module)
{
    place p;
    place_init(&p);
    place_copy(&p, "strategy", "good", "good", SIZE_MAX);
    ck_assert_int_eq(place_ask(&p, "strategy", "good", NULL), ALLOT_OK);
    char path[PATH_MAX];
    place_file(&p, "strategy", "good", path);
    place_copy(&p, "strategy", "abi", "good", SIZE_MAX);
    allot_error error = {0};
    ck_assert_int_eq(place_ask(&p, "strategy", "good", &error), ALLOT_E_MODULE);
    ck_assert_ptr_nonnull(strstr(error.message, "its abi is 2"));
    place_done(&p);
}
END_TEST

/* ---- Files that are no modules ----------------------------------------------------------------------------------- */

START_TEST(what_is_no_shared_object)
{
    place p;
    char path[PATH_MAX];
    place_init(&p);
    place_file(&p, "strategy", "text", path);
    FILE *file = fopen(path, "w");
    fputs("#!/bin/sh\necho no module, though it is long enough to hold a header of that kind\n", file);
    fclose(file);
    place_refuses(&p, "strategy", "text", " cannot be loaded: it is no shared object (ELF)");
    place_copy(&p, "strategy", "good", "empty", 0);
    place_refuses(&p, "strategy", "empty", " cannot be loaded: it is no shared object (ELF)");
    place_copy(&p, "strategy", "good", "short", 40);
    place_refuses(&p, "strategy", "short", " cannot be loaded: it is no shared object (ELF)");
    place_done(&p);
}
END_TEST

/* Cut off anywhere: refused with a message, or, when only what nobody loads is missing, loaded; never a signal. */
START_TEST(what_is_cut_off)
{
    place p;
    char name[64], words[64];
    size_t loaded = 0, refused = 0;
    place_init(&p);
    size_t size = place_copy(&p, "strategy", "good", "good", SIZE_MAX);
    for (size_t bytes = 64; bytes < size; bytes += 97) {
        allot_error error = {0};
        snprintf(name, sizeof(name), "cut_%zu", bytes);
        snprintf(words, sizeof(words), "it is cut off after %zu of at least ", bytes);
        place_copy(&p, "strategy", "good", name, bytes);
        int code = place_ask(&p, "strategy", name, &error);
        ck_assert_int_eq(code, ALLOT_E_MODULE);
        bool cut = strstr(error.message, words) != NULL;
        ck_assert_msg(cut || strstr(error.message, "its name is 'good'") != NULL, "%s", error.message);
        loaded += !cut;
        refused += cut;
    }
    ck_assert_uint_gt(refused, 10);
    ck_assert_uint_gt(loaded, 0);
    place_done(&p);
}
END_TEST

START_TEST(another_machines)
{
    place p;
    char path[PATH_MAX];
    place_init(&p);
    place_copy(&p, "strategy", "good", "old", SIZE_MAX);
    place_file(&p, "strategy", "old", path);
    FILE *file = fopen(path, "r+b");
    fseek(file, 4, SEEK_SET); /* e_ident[EI_CLASS] */
    fputc(sizeof(void *) == 8 ? 1 : 2, file);
    fclose(file);
    place_refuses(&p, "strategy", "old", " cannot be loaded: it is no shared object for this machine");
    place_done(&p);
}
END_TEST

TCase *refusals_case(void)
{
    TCase *c = tcase_create("refusals");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, it_is_refused, 0, (int)(sizeof(refusals) / sizeof(refusals[0])));
    tcase_add_test(c, a_good_one_is_taken);
    tcase_add_test(c, two_modules_are_two);
    tcase_add_test(c, a_replaced_file_is_another_module);
    tcase_add_test(c, what_is_no_shared_object);
    tcase_add_test(c, what_is_cut_off);
    tcase_add_test(c, another_machines);
    return c;
}
