/* commands.h - the verbs. One table names them all; parsing and help are generated from it. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/settings.h"

#include <stddef.h>

#define OPERANDS_MAX 4

typedef struct command command;

/* One call of the command, parsed. */
typedef struct invocation {
    const command *command;
    settings settings;
    const char *operands[OPERANDS_MAX];
    int operand_count;
    bool help; /* --help was among the flags */
} invocation;

struct command {
    const char *name;
    const char *operands; /* as help shows them */
    int operands_min, operands_max;
    unsigned options; /* which classes of options it takes: options.h */
    const char *summary;
    const char *details; /* paragraphs of help */
    int (*run)(const invocation *call);
};

/* NULL past the end. */
const command *command_at(size_t index);
const command *command_named(const char *name);

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
int verb_version(const invocation *call);
int verb_help(const invocation *call);

/* The help of one verb, or of all (NULL), to `fd`. Returns an exit code. */
int help_write(int fd, const command *about);

#endif
