#include "cli/adding.h"
#include "cli/commands.h"
#include "cli/exits.h"
#include "cli/id_file.h"

int verb_add(const invocation *call)
{
    id_file file;
    added sum = {0};
    int code = id_file_read(call->operand_count > 0 ? call->operands[0] : "-", &file);
    if (code != CODE_OK)
        return code;
    sum.refused = file.refused;
    if (file.refused == 0)
        code = adding_ids(&call->settings, file.ids, file.count, &sum);
    id_file_done(&file);
    return adding_report(&call->settings, &sum, code);
}
