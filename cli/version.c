#include "cli/commands.h"
#include "cli/exits.h"
#include "cli/json.h"

#include <allot/version.h>

int verb_version(const invocation *call)
{
    output out = {.fd = 1};
    json j = {.out = &out};
    if (call->settings.output == OUTPUT_TABLE) {
        output_text(&out, "allot " ALLOT_VERSION_STRING "\n");
    } else {
        json_object(&j);
        json_string_member(&j, "version", ALLOT_VERSION_STRING);
        json_object_end(&j);
        output_text(&out, "\n");
    }
    return output_end(&out, CODE_OK);
}
