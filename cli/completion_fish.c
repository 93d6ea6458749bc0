#include "cli/completion.h"

static const char head[] = "# fish completion for allot, written by 'allot completion fish'.\n"
                           "function __allot_verb\n"
                           "    set -l words (commandline -opc)\n"
                           "    test (count $words) -gt 1; and test $words[2] = $argv[1]\n"
                           "end\n"
                           "function __allot_first\n"
                           "    test (count (commandline -opc)) -eq 1\n"
                           "end\n"
                           "complete -c allot -f\n"
                           "complete -c allot -n __allot_first -s h -l help -d 'show help'\n"
                           "complete -c allot -n __allot_first -s V -l version -d 'show the version'\n";

/* Within single quotes. */
static void escaped(output *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            output_text(out, "\\");
        output_put(out, text, 1);
    }
}

static void one_option(output *out, const command *c, const option *o)
{
    output_printf(out, "complete -c allot -n '__allot_verb %s' -l %s", c->name, o->name);
    if (o->letter != 0)
        output_printf(out, " -s %c", o->letter);
    switch (option_values_of(o)) {
    case VALUES_WORDS:
        output_text(out, " -x -a '");
        completion_words(out, o->words);
        output_text(out, "'");
        break;
    case VALUES_FILES:
        output_text(out, " -r -F");
        break;
    case VALUES_DIRECTORIES:
        output_text(out, " -x -a '(__fish_complete_directories)'");
        break;
    case VALUES_ANY:
        output_text(out, " -x");
        break;
    default:
        break;
    }
    output_text(out, " -d '");
    escaped(out, o->help);
    output_text(out, "'\n");
}

static void operand(output *out, const command *c)
{
    const command *verb;
    if (c->operand == OPERAND_FILE)
        output_printf(out, "complete -c allot -n '__allot_verb %s' -F\n", c->name);
    if (c->operand == OPERAND_WORD) {
        output_printf(out, "complete -c allot -n '__allot_verb %s' -a '", c->name);
        completion_words(out, c->operands);
        output_text(out, "'\n");
    }
    for (size_t i = 0; c->operand == OPERAND_VERB && (verb = command_at(i)) != NULL; i++) {
        output_printf(out, "complete -c allot -n '__allot_verb %s' -a %s -d '", c->name, verb->name);
        escaped(out, verb->summary);
        output_text(out, "'\n");
    }
}

void completion_fish(output *out)
{
    const command *c;
    option o;
    output_text(out, head);
    for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
        output_printf(out, "complete -c allot -n __allot_first -a %s -d '", c->name);
        escaped(out, c->summary);
        output_text(out, "'\n");
        output_printf(out, "complete -c allot -n '__allot_verb %s' -s h -l help -d 'show help'\n", c->name);
        for (size_t k = 0; option_next(c, &k, &o);)
            one_option(out, c, &o);
        operand(out, c);
    }
}
