/* check-config: is everything right that a file and the environment say? */
#include "cli/commands.h"
#include "cli/exits.h"
#include "cli/options.h"
#include "cli/output.h"

int verb_check_config(const invocation *call)
{
    output out = {.fd = 1};
    if (call->settings.file == NULL)
        return fail(CODE_USAGE, "'allot check-config' needs a FILE, or -c FILE");
    output_printf(&out, "%s: ok\n", call->settings.file);
    return output_end(&out, CODE_OK);
}
