/* options.h - the options. One table names them all; the parsing of flags, the names in the environment and the help
 * are generated from it. Flags beat the environment, the environment beats the defaults. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/commands.h"

/* Classes: a verb takes all options of some classes. */
enum {
    FOR_STORE = 1u << 0,
    FOR_REPLICA = 1u << 1,
    FOR_RUN = 1u << 2,
    FOR_OUTPUT = 1u << 3,
    FOR_WAITING = 1u << 4,
    FOR_SLOT = 1u << 5,
    FOR_CONFIRMING = 1u << 6,
    FOR_DEMO = 1u << 7,
    FOR_HELP = 1u << 8
};

typedef enum option_type {
    OPTION_TEXT,     /* const char * */
    OPTION_DURATION, /* int64_t, ms */
    OPTION_NUMBER,   /* int64_t */
    OPTION_WORD,     /* int64_t: which of `words` */
    OPTION_FLAG,     /* bool */
    OPTION_PAIR      /* backend_option, repeatable */
} option_type;

typedef struct option {
    const char *name;
    char letter; /* 0: none */
    option_type type;
    unsigned classes;
    const char *value;    /* what help calls it */
    const char *fallback; /* the default, as it would be written; NULL: none */
    const char *env;      /* a second name in the environment: the place in a configuration file; NULL: none */
    int64_t min, max;     /* numbers and durations */
    const char *words;    /* OPTION_WORD: in the order of their numbers, separated by '|'. OPTION_TEXT: some examples */
    size_t offset;        /* in settings */
    const char *help;     /* NULL: an option that help and completion do not name */
} option;

/* What can be offered as an option's value. */
typedef enum option_values { VALUES_NONE, VALUES_ANY, VALUES_WORDS, VALUES_FILES, VALUES_DIRECTORIES } option_values;

#define OPTION_ENV_BYTES 64

/* NULL past the end. */
const option *option_at(size_t index);

/* VALUES_NONE for a flag. */
option_values option_values_of(const option *o);

/* ALLOT_HANDOVER_TIMEOUT for handover-timeout; "" when the environment does not set this one. */
void option_env(const option *o, char ret_name[OPTION_ENV_BYTES]);

/* Reads defaults, the environment and the arguments after the verb into *call, whose command is set. Writes every error
 * to stderr. Returns CODE_OK, CODE_USAGE or, when only the environment is wrong, CODE_CONFIG. */
int options_read(invocation *call, int count, char *const *arguments);

#endif
