/* errors.h - collecting what is wrong. */
#ifndef CONFIG_ERRORS_H
#define CONFIG_ERRORS_H

#include "config/inside.h"

/* A place in the file. */
config_position position_in_file(const config_inside *in, span part);

/* Adds an error; past CONFIG_ERRORS_MAX it is dropped. 0, or -1: out of memory. */
int error_add(config_inside *in, const config_position *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a flag or a variable that cannot be read as what it should be (config_error.is_usage). */
int error_add_usage(config_inside *in, const config_position *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a note to the error added last. `at` may be NULL. */
int error_note(config_inside *in, const config_position *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* How an error calls what is written there: the path of the setting in a file, else the flag or the variable. */
const char *subject_of(const config_position *at, const char *path);

#define QUOTED_BYTES 96

/* What was written, for a message: shortened, and without anything that a terminal would obey. */
const char *quoted(char buffer[QUOTED_BYTES], const char *text, size_t len);

#endif
