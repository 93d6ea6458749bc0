#include "base/values.h"
#include "cli/adding.h"
#include "cli/commands.h"
#include "cli/exits.h"
#include "cli/random_ids.h"

int verb_generate(const invocation *call)
{
    int64_t count;
    if (!value_number(call->operands[0], &count) || count > ALLOT_POOL_IDS_MAX)
        return fail(CODE_USAGE, "N: expected a number from 0 to %u; got '%s'", ALLOT_POOL_IDS_MAX, call->operands[0]);
    random_ids ids;
    added sum = {0};
    int code = random_ids_make((size_t)count, &ids);
    if (code != CODE_OK)
        return code;
    code = adding_ids(&call->settings, ids.ids, ids.count, &sum);
    random_ids_done(&ids);
    return adding_report(&call->settings, &sum, code);
}
