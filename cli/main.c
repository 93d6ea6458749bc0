/* allot - elects one leader among the replicas of a service and splits a pool of work ids over them. */
#include "cli/exits.h"
#include "cli/options.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* --help and --version are verbs to those who try them first. */
static const char *verb_of(const char *written)
{
    if (strcmp(written, "--help") == 0 || strcmp(written, "-h") == 0)
        return "help";
    if (strcmp(written, "--version") == 0 || strcmp(written, "-V") == 0)
        return "version";
    return written;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of write(), not an end */
    if (argc < 2) {
        help_write(STDERR_FILENO, NULL);
        return CODE_USAGE;
    }
    const char *verb = verb_of(argv[1]);
    if (verb[0] == '-')
        return fail(CODE_USAGE, "the verb comes first, options after it: allot VERB %s ...; see 'allot help'", verb);
    invocation call = {.command = command_named(verb)};
    if (call.command == NULL)
        return command_unknown(verb);
    int code = options_read(&call, argc - 2, argv + 2);
    if (code == CODE_OK)
        code = call.help ? help_write(STDOUT_FILENO, call.command) : call.command->run(&call);
    invocation_done(&call);
    return code;
}
