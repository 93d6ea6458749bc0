/* manual_parts.h - what the pages of the manual share. */
#ifndef CLI_MANUAL_PARTS_H
#define CLI_MANUAL_PARTS_H

#include "cli/output.h"

/* A text, with what scdoc would take for its own escaped. */
void manual_text(output *out, const char *text);

/* The title, and the heading of the first section. */
void manual_begin(output *out, const char *page, const char *section);

/* The page allot.yaml(5): every setting of a file. */
void manual_file(output *out);

#endif
