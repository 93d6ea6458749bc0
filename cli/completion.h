/* completion.h - the completion scripts, one for each shell, all from the tables of verbs and options. */
#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include "cli/options.h"
#include "cli/output.h"

void completion_bash(output *out);
void completion_zsh(output *out);
void completion_fish(output *out);

/* Words separated by '|', separated by blanks. */
void completion_words(output *out, const char *words);

#endif
