#include "cli/adding.h"
#include "cli/commands.h"
#include "cli/exits.h"
#include "cli/id_file.h"

#include <string.h>

int verb_add(const invocation *call)
{
    id_file file;
    added sum = {0};
    const char *from = call->operand_count > 0 ? call->operands[0] : "-", *config_file = call->settings.file;
    if (config_file != NULL && strcmp(config_file, "-") == 0 && strcmp(from, "-") == 0)
        return fail(CODE_USAGE, "standard input cannot be both the settings and the ids: name a FILE");
    int code = id_file_read(from, &file);
    if (code != CODE_OK)
        return code;
    sum.refused = file.refused;
    if (file.refused == 0)
        code = adding_ids(&call->settings, file.ids, file.count, &sum);
    id_file_done(&file);
    return adding_report(&call->settings, &sum, code);
}
