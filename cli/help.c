#include "cli/exits.h"
#include "cli/manual.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/style.h"

#include <stdio.h>
#include <string.h>

#define COLUMN 37
#define LINE 110

static void overview(output *out, style s)
{
    output_text(out, "allot elects one leader among the replicas of a service, splits a pool of work ids over all of\n"
                     "them, and hands every id over safely when replicas come and go.\n\n");
    output_printf(out, "%sUsage:%s allot VERB [OPTIONS]\n\n", s.bold, s.off);
    const command *c;
    for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
        int width = (int)(strlen(c->name) + 1 + strlen(c->operands));
        output_printf(out, "  %s%s%s %s%*s%s\n", s.cyan, c->name, s.off, c->operands, width < 20 ? 20 - width : 1, "",
                      c->summary);
    }
    output_printf(out, "\n'allot help VERB' shows a verb's options and examples.\n\n%sExit codes:%s\n", s.bold, s.off);
    const exit_meaning *e;
    for (size_t i = 0; (e = exit_meaning_at(i)) != NULL; i++)
        output_printf(out, "  %s%3d%s  %s\n", s.cyan, e->code, s.off, e->text);
}

/* Words, each line after the first under the first. */
static void wrapped(output *out, const char *text)
{
    size_t room = LINE - COLUMN;
    for (size_t used = 0, n; *text != '\0'; text += n + (text[n] != '\0')) {
        n = strcspn(text, " ");
        if (used > 0 && used + 1 + n > room) {
            output_printf(out, "\n%*s", COLUMN, "");
            used = 0;
        }
        if (used > 0)
            output_text(out, " ");
        output_put(out, text, n);
        used += n + (used > 0);
    }
    output_text(out, "\n");
}

/* (lease.ttl, default 10s) [ALLOT_TTL] */
static void one_option(output *out, const option *o, style s)
{
    char flag[64], env[OPTION_ENV_BYTES], text[512];
    int n = o->letter != 0 ? snprintf(flag, sizeof(flag), "  -%c, --%s", o->letter, o->name)
                           : snprintf(flag, sizeof(flag), "      --%s", o->name);
    if (o->value != NULL)
        n += snprintf(flag + n, sizeof(flag) - (size_t)n, " %s", o->value);
    output_printf(out, "%s%s%s%*s", s.cyan, flag, s.off, n < COLUMN ? COLUMN - n : 1, "");
    const char *path = o->key != NULL ? o->key->path : "";
    bool shown = o->fallback != NULL && o->fallback[0] != '\0', both = shown && path[0] != '\0';
    option_env(o, env);
    snprintf(text, sizeof(text), "%s%s%s%s%s%s%s%s%s%s", o->help, shown || path[0] != '\0' ? " (" : "", path,
             both ? ", " : "", shown ? "default " : "", shown ? o->fallback : "", shown || path[0] != '\0' ? ")" : "",
             env[0] != '\0' ? " [" : "", env, env[0] != '\0' ? "]" : "");
    wrapped(out, text);
}

/* Those of the command line alone, or those that have a place in the file. */
static void some_options(output *out, const command *c, bool of_config, style s)
{
    option o;
    for (size_t i = 0; option_next(c, &i, &o);) {
        if ((o.key != NULL) == of_config)
            one_option(out, &o, s);
    }
}

static bool takes_settings(const command *c)
{
    option o;
    for (size_t i = 0; option_next(c, &i, &o);) {
        if (o.key != NULL)
            return true;
    }
    return false;
}

static void examples(output *out, const command *c, style s)
{
    output_printf(out, "\n%sExamples:%s\n", s.bold, s.off);
    for (const example *e = c->examples; e->line != NULL; e++)
        output_printf(out, "  %s# %s%s\n  $ %s\n", s.dim, e->does, s.off, e->line);
}

static void one_verb(output *out, const command *c, style s)
{
    output_printf(out, "%sUsage:%s allot %s%s%s%s\n\n", s.bold, s.off, c->name, c->operands[0] != '\0' ? " " : "",
                  c->operands, c->options != 0 ? " [OPTIONS]" : "");
    if (c->details != NULL)
        output_printf(out, "%s\n\n", c->details);
    else
        output_printf(out, "'%s': %s.\n\n", c->name, c->summary);
    output_printf(out, "%sOptions%s (in brackets: the same from the environment; a flag beats it):\n", s.bold, s.off);
    some_options(out, c, false, s);
    output_printf(out, "%s  -h, --help%s%*sshow this\n", s.cyan, s.off, COLUMN - 12, "");
    if (takes_settings(c)) {
        output_printf(
            out, "\n%sSettings%s (a flag beats the environment, which beats the file, where this is SECTION.KEY):\n",
            s.bold, s.off);
        some_options(out, c, true, s);
    }
    examples(out, c, s);
}

int help_write(int fd, const command *about)
{
    output out = {.fd = fd};
    style s = style_of(fd);
    if (about == NULL)
        overview(&out, s);
    else
        one_verb(&out, about, s);
    return output_end(&out, CODE_OK);
}

int verb_help(const invocation *call)
{
    const command *about = call->operand_count > 0 ? command_named(call->operands[0]) : NULL;
    if (call->operand_count > 0 && about == NULL)
        return command_unknown(call->operands[0]);
    if (call->settings.pages != NULL)
        return manual_write(call->settings.pages);
    return help_write(1, about);
}
