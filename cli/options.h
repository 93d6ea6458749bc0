/* options.h - the options. Those that are the command line's own are in a table; those that a file can set as well are
 * in the schema of config. The parsing of flags, the names in the environment, help, completion and the manual are
 * generated from both. Flags beat the environment, the environment beats the file, the file beats the defaults. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/commands.h"

/* Classes: a verb takes all options of some classes. */
enum {
    FOR_STORE = 1u << 0,
    FOR_REPLICA = 1u << 1,
    FOR_LOG = 1u << 2,
    FOR_FILE = 1u << 3, /* -c */
    FOR_RUN = 1u << 4,
    FOR_OUTPUT = 1u << 5,
    FOR_WAITING = 1u << 6,
    FOR_SLOT = 1u << 7,
    FOR_CONFIRMING = 1u << 8,
    FOR_DEMO = 1u << 9,
    FOR_DUMP = 1u << 10,
    FOR_HELP = 1u << 11,
    FOR_CHECK = 1u << 12, /* the operand is what -c would name */
    FOR_HISTORY = 1u << 13,
    FOR_VERIFY = 1u << 14,
    FOR_SIM = 1u << 15
};

/* The classes of verbs for which config is read. */
#define FOR_CONFIG (FOR_STORE | FOR_REPLICA | FOR_LOG | FOR_FILE | FOR_DEMO)

typedef enum option_type {
    OPTION_TEXT,     /* const char * */
    OPTION_DURATION, /* int64_t, ms */
    OPTION_NUMBER,   /* int64_t */
    OPTION_WORD,     /* int64_t: which of `words` */
    OPTION_FLAG,     /* bool */
    OPTION_PAIR      /* KEY=VALUE, repeatable; of config alone */
} option_type;

typedef struct option {
    const char *name;
    char letter; /* 0: none */
    option_type type;
    unsigned classes;
    const char *value;    /* what help calls it */
    const char *fallback; /* the default, as it would be written; NULL: none */
    const char *env;      /* a second name in the environment; NULL: none */
    int64_t min, max;     /* numbers and durations */
    const char *words;    /* OPTION_WORD: in the order of their numbers, separated by '|'. OPTION_TEXT: some examples */
    size_t offset;        /* in settings */
    const char *help;     /* NULL: an option that help and completion do not name */
    const config_key
        *key; /* the setting that it sets, which has its type, range and place; NULL: it is not in config */
} option;

/* What can be offered as an option's value. */
typedef enum option_values { VALUES_NONE, VALUES_ANY, VALUES_WORDS, VALUES_FILES, VALUES_DIRECTORIES } option_values;

#define OPTION_ENV_BYTES CONFIG_ENV_BYTES

/* The command line's own first. False past the end. */
bool option_at(size_t index, option *ret_option);

/* The next option from *index on that the verb takes and help shows; false: no further one. *index is moved past it. */
bool option_next(const command *c, size_t *index, option *ret_option);

/* VALUES_NONE for a flag. */
option_values option_values_of(const option *o);

/* ALLOT_HANDOVER_TIMEOUT for handover-timeout; "" when the environment does not set this one. */
void option_env(const option *o, char ret_name[OPTION_ENV_BYTES]);

/* Reads defaults, the environment, the file and the arguments after the verb into *call, whose command is set. Writes
 * every error to stderr. Returns CODE_OK, CODE_USAGE or, when flags are right and something else is wrong, CODE_CONFIG.
 * invocation_done() in either case. The arguments must outlive *call. */
int options_read(invocation *call, int count, char *const *arguments);

/* Reads again what a file and the environment say now, below the same flags. As options_read. */
int options_read_again(const invocation *call, invocation *ret_call);

void invocation_done(invocation *call);

#endif
