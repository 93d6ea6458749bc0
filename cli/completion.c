#include "cli/completion.h"

#include "cli/exits.h"

#include <string.h>

void completion_words(output *out, const char *words)
{
    for (; *words != '\0'; words++)
        output_put(out, *words == '|' ? " " : words, 1);
}

int verb_completion(const invocation *call)
{
    const char *shell = call->operands[0]; /* one of the words that the table of verbs names */
    output out = {.fd = 1};
    if (strcmp(shell, "bash") == 0)
        completion_bash(&out);
    else if (strcmp(shell, "zsh") == 0)
        completion_zsh(&out);
    else
        completion_fish(&out);
    return output_end(&out, CODE_OK);
}
