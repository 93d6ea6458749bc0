#include "cli/manual.h"

#include "cli/exits.h"
#include "cli/manual_parts.h"
#include "cli/options.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void exit_status(output *out)
{
    const exit_meaning *e;
    output_text(out, "# EXIT STATUS\n\n");
    for (size_t i = 0; (e = exit_meaning_at(i)) != NULL; i++) {
        output_printf(out, "*%d*\n\t", e->code);
        manual_text(out, e->text);
        output_text(out, "\n\n");
    }
}

static void operands(output *out, const command *c)
{
    if (c->operands[0] == '\0')
        return;
    output_text(out, " ");
    manual_text(out, c->operands);
}

static void whole_file(output *out, const command *about)
{
    (void)about;
    manual_file(out);
}

static void whole_command(output *out, const command *about)
{
    (void)about;
    const command *c;
    manual_begin(out, "allot", "1");
    output_text(out, "allot - elect a leader among replicas, and split work ids over them\n\n"
                     "# SYNOPSIS\n\n*allot* VERB \\[OPTIONS\\]\n\n"
                     "# DESCRIPTION\n\nElects one leader among the replicas of a service, splits a pool of work ids "
                     "over all of them, and hands every id over safely when replicas come and go. Data goes to "
                     "standard output, everything else to standard error.\n\n# VERBS\n\n");
    for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
        output_printf(out, "*%s*", c->name);
        operands(out, c);
        output_text(out, "\n\t");
        manual_text(out, c->summary);
        output_printf(out, ": *allot-%s*(1)\n\n", c->name);
    }
    exit_status(out);
    output_text(out, "# SEE ALSO\n\nThe page of each verb, for example *allot-run*(1); *allot.yaml*(5)\n");
}

static void one_option(output *out, const option *o)
{
    char env[OPTION_ENV_BYTES];
    if (o->letter != 0)
        output_printf(out, "*-%c*, ", o->letter);
    output_printf(out, "*--%s*", o->name);
    if (o->value != NULL)
        output_printf(out, " %s", o->value);
    output_text(out, "\n\t");
    manual_text(out, o->help);
    if (o->fallback != NULL && o->fallback[0] != '\0') {
        output_text(out, ". Default: ");
        manual_text(out, o->fallback);
    }
    if (o->key != NULL) {
        output_text(out, ". In the file: ");
        manual_text(out, o->key->path);
    }
    option_env(o, env);
    if (env[0] != '\0') {
        output_text(out, ". Environment: ");
        manual_text(out, env);
    }
    output_text(out, "\n\n");
}

static void options(output *out, const command *c)
{
    option o;
    output_text(out, "# OPTIONS\n\n");
    if ((c->options & FOR_FILE) != 0)
        output_text(out,
                    "A flag beats the environment, which beats the file; *allot.yaml*(5) says more of settings that "
                    "have a place in the file.\n\n");
    else
        output_text(out, "A flag beats the environment.\n\n");
    for (size_t i = 0; option_next(c, &i, &o);)
        one_option(out, &o);
    output_text(out, "*-h*, *--help*\n\tshow help\n\n");
}

static void one_verb(output *out, const command *c)
{
    char page[64] = "allot-";
    manual_begin(out, strncat(page, c->name, sizeof(page) - sizeof("allot-")), "1");
    output_printf(out, "allot-%s - ", c->name);
    manual_text(out, c->summary);
    output_printf(out, "\n\n# SYNOPSIS\n\n*allot %s*", c->name);
    operands(out, c);
    output_text(out, c->options != 0 ? " \\[OPTIONS\\]\n\n" : "\n\n");
    if (c->details != NULL) {
        output_text(out, "# DESCRIPTION\n\n");
        manual_text(out, c->details);
        output_text(out, "\n\n");
    }
    options(out, c);
    output_text(out, "# EXAMPLES\n\n");
    for (const example *e = c->examples; e->line != NULL; e++) {
        manual_text(out, e->does);
        output_printf(out, ":\n\n```\n%s\n```\n\n", e->line);
    }
    output_text(out, "# SEE ALSO\n\n*allot*(1), which lists the exit codes\n");
}

/* `write` gets the page, and the verb that it is about. */
static int write_page(const char *directory, const char *page, void (*write)(output *out, const command *about),
                      const command *about)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s.scd", directory, page);
    output out = {.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
    if (out.fd < 0)
        return fail(CODE_FAILED, "cannot write %s: %s", path, strerror(errno));
    write(&out, about);
    int code = output_end(&out, CODE_OK);
    close(out.fd);
    return code;
}

int manual_write(const char *directory)
{
    const command *c;
    int code = write_page(directory, "allot.1", whole_command, NULL);
    if (code == CODE_OK)
        code = write_page(directory, "allot.yaml.5", whole_file, NULL);
    for (size_t i = 0; code == CODE_OK && (c = command_at(i)) != NULL; i++) {
        char page[64];
        snprintf(page, sizeof(page), "allot-%s.1", c->name);
        code = write_page(directory, page, one_verb, c);
    }
    return code;
}
