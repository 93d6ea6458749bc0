/* suites.h - the suites of config/, and what they share. */
#ifndef CONFIG_TESTS_SUITES_H
#define CONFIG_TESTS_SUITES_H

#include "config/config.h"

#include <check.h>

Suite *reading_suite(void);
Suite *layers_suite(void);
Suite *errors_suite(void);
Suite *transcripts_suite(void);
Suite *dump_suite(void);
Suite *pages_suite(void);
Suite *config_nomem_suite(void);

/* A config of that text and these variables (NULL: none), finished. */
config config_of(const char *text, char *const *variables);

/* The same, which must have no errors. */
config good_config(const char *text, char *const *variables);

/* The first error's message; fails the test when there is none. */
const char *first_error(const config *c);

/* The value of an option; NULL: there is none. */
const char *option_value(config_options options, const char *key);

/* The content of a file of the checkout, with a NUL behind it; ret_len may be NULL. The caller frees it. */
char *load_file(const char *path, size_t *ret_len);

/* A buffer as a text, which the caller frees; the buffer is empty then. */
char *take_text(bytes *b);

#endif
