#include "cli/completion.h"

static const char head[] = "#compdef allot\n"
                           "# zsh completion for allot, written by 'allot completion zsh'.\n"
                           "_allot()\n"
                           "{\n"
                           "    local -a verbs=(\n";

static const char middle[] = "    )\n"
                             "    if ((CURRENT == 2)); then\n"
                             "        _describe -t verbs verb verbs\n"
                             "        return\n"
                             "    fi\n"
                             "    local verb=$words[2]\n"
                             "    shift words\n"
                             "    ((CURRENT--))\n"
                             "    case $verb in\n";

static const char tail[] = "    esac\n"
                           "}\n"
                           "if [[ $funcstack[1] == _allot ]]; then\n"
                           "    _allot \"$@\"\n"
                           "else\n"
                           "    compdef _allot allot\n"
                           "fi\n";

/* Within single quotes, and within the brackets of _arguments. */
static void escaped(output *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            output_text(out, "'\\''");
        else if (*text == '[' || *text == ']' || *text == '\\')
            output_printf(out, "\\%c", *text);
        else
            output_put(out, text, 1);
    }
}

static void action(output *out, const option *o)
{
    option_values values = option_values_of(o);
    if (values == VALUES_NONE)
        return;
    output_printf(out, ":%s:", o->value);
    if (values == VALUES_WORDS) {
        output_text(out, "(");
        completion_words(out, o->words);
        output_text(out, ")");
    }
    output_text(out, values == VALUES_FILES ? "_files" : values == VALUES_DIRECTORIES ? "_files -/" : "");
}

static void one_option(output *out, const option *o)
{
    bool takes = option_values_of(o) != VALUES_NONE;
    output_text(out, " \\\n            ");
    if (o->letter != 0)
        output_printf(out, "'(-%c --%s)'{-%c%s,--%s%s}'", o->letter, o->name, o->letter, takes ? "+" : "", o->name,
                      takes ? "=" : "");
    else
        output_printf(out, "'%s--%s%s", o->type == OPTION_PAIR ? "*" : "", o->name, takes ? "=" : "");
    output_text(out, "[");
    escaped(out, o->help);
    output_text(out, "]");
    action(out, o);
    output_text(out, "'");
}

static void operand(output *out, const command *c)
{
    if (c->operand == OPERAND_FILE)
        output_text(out, c->operands_max > 1 ? " \\\n            '*:file:_files'" : " \\\n            '1:file:_files'");
    if (c->operand == OPERAND_VERB)
        output_text(out, " \\\n            '1:verb:_describe -t verbs verb verbs'");
    if (c->operand != OPERAND_WORD)
        return;
    output_text(out, " \\\n            '1:word:(");
    completion_words(out, c->operands);
    output_text(out, ")'");
}

static void one_verb(output *out, const command *c)
{
    option o;
    output_printf(out, "    %s)\n        _arguments '(-h --help)'{-h,--help}'[show help]'", c->name);
    for (size_t i = 0; option_next(c, &i, &o);)
        one_option(out, &o);
    operand(out, c);
    output_text(out, "\n        ;;\n");
}

void completion_zsh(output *out)
{
    const command *c;
    output_text(out, head);
    for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
        output_printf(out, "        '%s:", c->name);
        escaped(out, c->summary);
        output_text(out, "'\n");
    }
    output_text(out, middle);
    for (size_t i = 0; (c = command_at(i)) != NULL; i++)
        one_verb(out, c);
    output_text(out, tail);
}
