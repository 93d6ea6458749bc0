/* commands.h - the verbs. One table names them all; parsing, help, completion and the manual are generated from it. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/settings.h"

#include <limits.h>
#include <stddef.h>

#define OPERANDS_ANY INT_MAX /* as many as one likes */

typedef struct command command;

/* One call of the command, parsed. */
typedef struct invocation {
    const command *command;
    settings settings;
    const char **operands; /* as many as `operand_count`, and room for all arguments */
    int operand_count;
    bool help;         /* --help was among the flags */
    bool file_is_flag; /* -c was */
    int argument_count;
    char *const *arguments; /* as they were written, after the verb */
} invocation;

/* What a verb's operand is: completion offers it. */
typedef enum operand_kind {
    OPERAND_TEXT, /* anything, or there is none */
    OPERAND_FILE,
    OPERAND_VERB,
    OPERAND_WORD /* one of those in `operands`, separated by '|' */
} operand_kind;

/* A line for a shell, and what it does. The tests run them all. */
typedef struct example {
    const char *does;
    const char *line; /* NULL: the end of a list */
} example;

struct command {
    const char *name;
    const char *operands; /* as help shows them */
    operand_kind operand;
    int operands_min, operands_max;
    unsigned options; /* which classes of options it takes: options.h */
    const char *summary;
    const char *details; /* paragraphs of help */
    const example *examples;
    int (*run)(const invocation *call);
};

/* NULL past the end. */
const command *command_at(size_t index);
const command *command_named(const char *name);

/* Says that there is no such verb, and which one may have been meant. Returns CODE_USAGE. */
int command_unknown(const char *written);

int verb_run(const invocation *call);
int verb_demo(const invocation *call);
int verb_status(const invocation *call);
int verb_slots(const invocation *call);
int verb_leader(const invocation *call);
int verb_ids(const invocation *call);
int verb_db(const invocation *call);
int verb_add(const invocation *call);
int verb_generate(const invocation *call);
int verb_clean(const invocation *call);
int verb_check_config(const invocation *call);
int verb_config(const invocation *call);
int verb_completion(const invocation *call);
int verb_verify(const invocation *call);
int verb_sim(const invocation *call);
int verb_version(const invocation *call);
int verb_help(const invocation *call);

/* The help of one verb, or of all (NULL), to `fd`. Returns an exit code. */
int help_write(int fd, const command *about);

#endif
