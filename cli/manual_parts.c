#include "cli/manual_parts.h"

#include <allot/version.h>
#include <string.h>

void manual_text(output *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("\\*_#<>[]|`", *text) != NULL)
            output_text(out, "\\");
        output_put(out, text, 1);
    }
}

void manual_begin(output *out, const char *page, const char *section)
{
    output_printf(out, "%s(%s) \"allot %s\" \"allot\"\n\n# NAME\n\n", page, section, ALLOT_VERSION_STRING);
}
