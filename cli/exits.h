/* exits.h - what the command's exit codes mean (DESIGN §8), and how an error of the library becomes one. */
#ifndef CLI_EXITS_H
#define CLI_EXITS_H

#include <allot/error.h>

enum {
    CODE_OK = 0,
    CODE_FAILED = 1,
    CODE_USAGE = 2,
    CODE_NOT_FOUND = 3, /* also: there is no leader */
    CODE_TIMED_OUT = 4,
    CODE_UNREACHABLE = 5, /* also: a store that does not answer in time */
    CODE_LEASE_LOST = 6,
    CODE_CONFIG = 78,
    CODE_NOW = 143 /* a second signal: ended without leaving */
};

/* For help and the manual: the index-th code and what it means; NULL past the end. */
typedef struct exit_meaning {
    int code;
    const char *text;
} exit_meaning;

const exit_meaning *exit_meaning_at(size_t index);

/* Writes "error: ..." to stderr; returns `code`. */
int fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for an error of the library: `code` is the allot_code, `error` may carry a message. */
int fail_allot(int code, const allot_error *error);

/* The same for what opening a group or a node returns: what was configured may be to blame. */
int fail_open(int code, const allot_error *error);

/* Writes "note: ..." to stderr. */
void inform(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes "warning: ..." to stderr. */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
