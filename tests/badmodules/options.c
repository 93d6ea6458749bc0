#include "core/runtime/module_check.h"
#include "core/runtime/strategy_options.h"
#include "tests/badmodules/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Declarations ------------------------------------------------------------------------------------------------ */

typedef struct declared {
    allot_strategy_option option;
    const char *message; /* NULL: in order */
} declared;

#define NUMBER ALLOT_VALUE_INTEGER
#define HELP .help = "what it is for"
#define LONG_NAME "a123456789b123456789c123456789d123456789e123456789f1234567890123x"

static const declared declarations[] = {
    {{.name = "n", .type = NUMBER, .least = -5, .most = 5, .fallback = "-5", HELP}, NULL},
    {{.name = "b", .type = ALLOT_VALUE_BOOLEAN, .fallback = "true", HELP}, NULL},
    {{.name = "w", .type = ALLOT_VALUE_WORD, .words = "fast|slow", .fallback = "slow", HELP}, NULL},
    {{.name = "t", .type = ALLOT_VALUE_TEXT, .most = 10, .fallback = "", HELP}, NULL},
    {{.name = "needed", .type = ALLOT_VALUE_TEXT, .most = 65535, HELP}, NULL},
    {{.name = NULL, .type = NUMBER, HELP}, "p: the name of its option 1 is not 1 to 64 characters out of a-z 0-9 _"},
    {{.name = "", .type = NUMBER, HELP}, "p: the name of its option 1 is not 1 to 64 characters out of a-z 0-9 _"},
    {{.name = "A", .type = NUMBER, HELP}, "p: the name of its option 1 is not 1 to 64 characters out of a-z 0-9 _"},
    {{.name = "a-b", .type = NUMBER, HELP}, "p: the name of its option 1 is not 1 to 64 characters out of a-z 0-9 _"},
    {{.name = LONG_NAME, .type = NUMBER, HELP},
     "p: the name of its option 1 is not 1 to 64 characters out of a-z 0-9 _"},
    {{.name = "a", .type = 0, HELP}, "p: its option 'a': its type is none"},
    {{.name = "a", .type = 5, HELP}, "p: its option 'a': its type is none"},
    {{.name = "a", .type = NUMBER, .least = 2, .most = 1, HELP}, "p: its option 'a': its range is empty"},
    {{.name = "a", .type = NUMBER, .least = 2, .most = 5, .fallback = "6", HELP},
     "p: its option 'a': its default is no value that it may have"},
    {{.name = "a", .type = NUMBER, .most = 5, .fallback = "", HELP},
     "p: its option 'a': its default is no value that it may have"},
    {{.name = "a", .type = ALLOT_VALUE_BOOLEAN, .fallback = "yes", HELP},
     "p: its option 'a': its default is no value that it may have"},
    {{.name = "a", .type = ALLOT_VALUE_WORD, .words = "x|y", .fallback = "x|y", HELP},
     "p: its option 'a': its default is no value that it may have"},
    {{.name = "a", .type = ALLOT_VALUE_WORD, HELP},
     "p: its option 'a': its words are not words, each once, separated by '|'"},
    {{.name = "a", .type = ALLOT_VALUE_WORD, .words = "", HELP},
     "p: its option 'a': its words are not words, each once, separated by '|'"},
    {{.name = "a", .type = ALLOT_VALUE_WORD, .words = "x||y", HELP},
     "p: its option 'a': its words are not words, each once, separated by '|'"},
    {{.name = "a", .type = ALLOT_VALUE_WORD, .words = "x|y|", HELP},
     "p: its option 'a': its words are not words, each once, separated by '|'"},
    {{.name = "a", .type = ALLOT_VALUE_WORD, .words = "x|y|x", HELP},
     "p: its option 'a': its words are not words, each once, separated by '|'"},
    {{.name = "a", .type = ALLOT_VALUE_TEXT, .most = 0, HELP}, "p: its option 'a': its length is not from 1 to 65535"},
    {{.name = "a", .type = ALLOT_VALUE_TEXT, .most = 65536, HELP},
     "p: its option 'a': its length is not from 1 to 65535"},
    {{.name = "a", .type = ALLOT_VALUE_TEXT, .most = 3, .fallback = "four", HELP},
     "p: its option 'a': its default is no value that it may have"},
    {{.name = "a", .type = NUMBER}, "p: its option 'a': its help is not one line"},
    {{.name = "a", .type = NUMBER, .help = "two\nlines"}, "p: its option 'a': its help is not one line"},
};

START_TEST(a_declaration_is_checked)
{
    const declared *d = &declarations[_i];
    const allot_strategy_ops ops = {.name = "s", .option_count = 1, .options = &d->option};
    allot_error error = {0};
    ck_assert_int_eq(strategy_options_check("p", &ops, &error), d->message == NULL ? ALLOT_OK : ALLOT_E_MODULE);
    ck_assert_str_eq(error.message, d->message == NULL ? "" : d->message);
}
END_TEST

START_TEST(a_table_is_checked)
{
    allot_strategy_option options[STRATEGY_OPTIONS_MAX + 1];
    char names[STRATEGY_OPTIONS_MAX + 1][8];
    allot_strategy_ops ops = {.name = "s", .option_count = STRATEGY_OPTIONS_MAX + 1, .options = options};
    allot_error error = {0};
    for (int i = 0; i <= STRATEGY_OPTIONS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "o%d", i);
        options[i] = (allot_strategy_option){.name = names[i], .type = NUMBER, HELP};
    }
    ck_assert_int_eq(strategy_options_check("p", &ops, &error), ALLOT_E_MODULE);
    ck_assert_str_eq(error.message, "p: it declares 65 options, at most 64 may be");
    ops.option_count--;
    ck_assert_int_eq(strategy_options_check("p", &ops, NULL), ALLOT_OK);
    options[63].name = "o5";
    ck_assert_int_eq(strategy_options_check("p", &ops, &error), ALLOT_E_MODULE);
    ck_assert_str_eq(error.message, "p: it declares the option 'o5' twice");
    ops.options = NULL;
    ck_assert_int_eq(strategy_options_check("p", &ops, NULL), ALLOT_E_MODULE);
    ops.option_count = 0;
    ck_assert_int_eq(strategy_options_check("p", &ops, NULL), ALLOT_OK);
}
END_TEST

/* ---- Values ------------------------------------------------------------------------------------------------------ */

static const allot_strategy_option table[] = {
    {.name = "speed", .type = NUMBER, .least = -10, .most = 100, .fallback = "7", HELP},
    {.name = "sure", .type = ALLOT_VALUE_BOOLEAN, .fallback = "false", HELP},
    {.name = "way", .type = ALLOT_VALUE_WORD, .words = "up|down|upper", .fallback = "down", HELP},
    {.name = "label", .type = ALLOT_VALUE_TEXT, .most = 5, .fallback = "none", HELP},
};
enum { SPEED, SURE, WAY, LABEL, OPTIONS };

static const allot_strategy_ops configurable = {.name = "moody", .option_count = OPTIONS, .options = table};

START_TEST(values_are_read)
{
    allot_strategy_value values[OPTIONS];
    ck_assert_int_eq(strategy_options_read(&configurable, NULL, 0, values, NULL), ALLOT_OK);
    ck_assert(values[SPEED].number == 7 && values[SURE].number == 0 && values[WAY].number == 1);
    ck_assert(values[SPEED].text == NULL && strcmp(values[LABEL].text, "none") == 0);
    const allot_option given[] = {{"label", "\xc3\xa9t\xc3\xa9"}, {"way", "upper"}, {"speed", "-10"}, {"sure", "true"}};
    ck_assert_int_eq(strategy_options_read(&configurable, given, 4, values, NULL), ALLOT_OK);
    ck_assert(values[SPEED].number == -10 && values[SURE].number == 1 && values[WAY].number == 2);
    ck_assert_str_eq(values[LABEL].text, "\xc3\xa9t\xc3\xa9");
}
END_TEST

typedef struct wrong_value {
    allot_option option;
    const char *message;
} wrong_value;

#define SPEED_MUST "'; it must be a whole number from -10 to 100"

static const wrong_value wrong_values[] = {
    {{"speed", "101"}, "the option 'speed' of the strategy 'moody' is '101" SPEED_MUST},
    {{"speed", "-11"}, "the option 'speed' of the strategy 'moody' is '-11" SPEED_MUST},
    {{"speed", ""}, "the option 'speed' of the strategy 'moody' is '" SPEED_MUST},
    {{"speed", "-"}, "the option 'speed' of the strategy 'moody' is '-" SPEED_MUST},
    {{"speed", " 1"}, "the option 'speed' of the strategy 'moody' is ' 1" SPEED_MUST},
    {{"speed", "+1"}, "the option 'speed' of the strategy 'moody' is '+1" SPEED_MUST},
    {{"speed", "1x"}, "the option 'speed' of the strategy 'moody' is '1x" SPEED_MUST},
    {{"speed", "010"}, "the option 'speed' of the strategy 'moody' is '010" SPEED_MUST},
    {{"speed", "-01"}, "the option 'speed' of the strategy 'moody' is '-01" SPEED_MUST},
    {{"speed", "00"}, "the option 'speed' of the strategy 'moody' is '00" SPEED_MUST},
    {{"speed", "0x1"}, "the option 'speed' of the strategy 'moody' is '0x1" SPEED_MUST},
    {{"speed", "9223372036854775808"}, "the option 'speed' of the strategy 'moody' is '9223372036854775808" SPEED_MUST},
    {{"sure", "yes"}, "the option 'sure' of the strategy 'moody' is 'yes'; it must be true or false"},
    {{"sure", "True"}, "the option 'sure' of the strategy 'moody' is 'True'; it must be true or false"},
    {{"way", "up|down"}, "the option 'way' of the strategy 'moody' is 'up|down'; it must be one of up|down|upper"},
    {{"way", ""}, "the option 'way' of the strategy 'moody' is ''; it must be one of up|down|upper"},
    {{"label", "longer"},
     "the option 'label' of the strategy 'moody' is 'longer'; it must be UTF-8 without control characters, of at most "
     "5 "
     "bytes"},
    {{"label", "\xff"},
     "the option 'label' of the strategy 'moody' is '\xff'; it must be UTF-8 without control characters, of at most 5 "
     "bytes"},
    {{"sped", "1"}, "the strategy 'moody' has no option 'sped'; did you mean 'speed'? It has: speed, sure, way, label"},
    {{"colour", "red"}, "the strategy 'moody' has no option 'colour'; it has: speed, sure, way, label"},
    {{"", "red"}, "the strategy 'moody' has no option ''; it has: speed, sure, way, label"},
};

START_TEST(a_wrong_value_is_named)
{
    allot_strategy_value values[OPTIONS];
    allot_error error = {0};
    const allot_option given[] = {{"sure", "true"}, wrong_values[_i].option};
    bool alone = strcmp(given[1].key, "sure") == 0;
    ck_assert_int_eq(strategy_options_read(&configurable, given + alone, 2 - alone, values, &error), ALLOT_E_INVALID);
    ck_assert_str_eq(error.message, wrong_values[_i].message);
}
END_TEST

START_TEST(options_that_are_doubled_missing_or_none)
{
    static const allot_strategy_option needed = {.name = "key", .type = NUMBER, .most = 1, .help = "the key to it"};
    allot_strategy_ops ops = {.name = "s", .option_count = 1, .options = &needed};
    allot_strategy_value value;
    allot_error error = {0};
    const allot_option given[] = {{"key", "0"}, {"key", "1"}};
    ck_assert_int_eq(strategy_options_read(&ops, given, 2, &value, &error), ALLOT_E_INVALID);
    ck_assert_str_eq(error.message, "the option 'key' of the strategy 's' is given twice");
    ck_assert_int_eq(strategy_options_read(&ops, NULL, 0, &value, &error), ALLOT_E_INVALID);
    ck_assert_str_eq(error.message, "the strategy 's' needs the option 'key': the key to it");
    ops.option_count = 0;
    ck_assert_int_eq(strategy_options_read(&ops, given, 1, &value, &error), ALLOT_E_INVALID);
    ck_assert_str_eq(error.message, "the strategy 's' has no options, and so no 'key'");
    ck_assert_int_eq(strategy_options_read(&ops, NULL, 0, &value, NULL), ALLOT_OK);
}
END_TEST

TCase *options_case(void)
{
    TCase *c = tcase_create("options");
    tcase_add_loop_test(c, a_declaration_is_checked, 0, (int)(sizeof(declarations) / sizeof(declarations[0])));
    tcase_add_test(c, a_table_is_checked);
    tcase_add_test(c, values_are_read);
    tcase_add_loop_test(c, a_wrong_value_is_named, 0, (int)(sizeof(wrong_values) / sizeof(wrong_values[0])));
    tcase_add_test(c, options_that_are_doubled_missing_or_none);
    return c;
}
