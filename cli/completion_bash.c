#include "cli/completion.h"

static const char head[] =
    "# bash completion for allot, written by 'allot completion bash'.\n"
    "_allot()\n"
    "{\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]}\n"
    "    local flags='' words='' kind='' operand=''\n"
    "    COMPREPLY=()\n"
    "    # --flag=value is three words here.\n"
    "    if [[ $cur == = ]]; then\n"
    "        cur=''\n"
    "    elif [[ $prev == = ]] && ((COMP_CWORD > 2)); then\n"
    "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    fi\n"
    "    if ((COMP_CWORD == 1)); then\n"
    "        verb=''\n"
    "    fi\n"
    "    case $verb in\n";

static const char tail[] = "    esac\n"
                           "    if [[ -z $kind && $cur == -* ]]; then\n"
                           "        kind=words words=$flags\n"
                           "    elif [[ -z $kind ]]; then\n"
                           "        kind=$operand\n"
                           "    fi\n"
                           "    case $kind in\n"
                           "    words)\n"
                           "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
                           "        ;;\n"
                           "    files)\n"
                           "        compopt -o filenames\n"
                           "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
                           "        ;;\n"
                           "    directories)\n"
                           "        compopt -o filenames\n"
                           "        mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")\n"
                           "        ;;\n"
                           "    esac\n"
                           "}\n"
                           "complete -F _allot allot\n";

static void verbs(output *out)
{
    const command *c;
    for (size_t i = 0; (c = command_at(i)) != NULL; i++)
        output_printf(out, "%s%s", i > 0 ? " " : "", c->name);
}

static void flags(output *out, const command *c)
{
    option o;
    for (size_t i = 0; option_next(c, &i, &o);) {
        output_printf(out, "--%s ", o.name);
        if (o.letter != 0)
            output_printf(out, "-%c ", o.letter);
    }
    output_text(out, "-h --help");
}

static void value(output *out, const option *o)
{
    option_values values = option_values_of(o);
    if (values == VALUES_NONE)
        return;
    output_printf(out, "        --%s", o->name);
    if (o->letter != 0)
        output_printf(out, " | -%c", o->letter);
    output_text(out, ") ");
    if (values == VALUES_WORDS) {
        output_text(out, "kind=words words='");
        completion_words(out, o->words);
        output_text(out, "' ;;\n");
    } else {
        output_text(out, values == VALUES_FILES         ? "kind=files ;;\n"
                         : values == VALUES_DIRECTORIES ? "kind=directories ;;\n"
                                                        : "kind=anything ;;\n");
    }
}

static void operand(output *out, const command *c)
{
    if (c->operand == OPERAND_FILE)
        output_text(out, "        operand=files\n");
    if (c->operand != OPERAND_WORD && c->operand != OPERAND_VERB)
        return;
    output_text(out, "        operand=words words='");
    if (c->operand == OPERAND_WORD)
        completion_words(out, c->operands);
    else
        verbs(out);
    output_text(out, "'\n");
}

static void one_verb(output *out, const command *c)
{
    option o;
    output_printf(out, "    %s)\n        flags='", c->name);
    flags(out, c);
    output_text(out, "'\n");
    operand(out, c);
    output_text(out, "        case $prev in\n");
    for (size_t i = 0; option_next(c, &i, &o);)
        value(out, &o);
    output_text(out, "        esac\n        ;;\n");
}

void completion_bash(output *out)
{
    const command *c;
    output_text(out, head);
    for (size_t i = 0; (c = command_at(i)) != NULL; i++)
        one_verb(out, c);
    output_text(out, "    '')\n        flags='-h --help -V --version' operand=words words='");
    verbs(out);
    output_text(out, "'\n        ;;\n");
    output_text(out, tail);
}
