/* config: the settings in effect, or what can be set at all. */
#include "config/config.h"

#include "cli/commands.h"
#include "cli/exits.h"
#include "cli/options.h"
#include "cli/output.h"

#include <errno.h>
#include <string.h>

int verb_config(const invocation *call)
{
    output out = {.fd = 1};
    int failed = strcmp(call->operands[0], "schema") == 0
                     ? config_write_schema(&out.text)
                     : config_dump(&call->settings.config, call->settings.origins, &out.text);
    if (failed != 0)
        out.error = ENOMEM;
    return output_end(&out, CODE_OK);
}
