#include "cli/commands.h"
#include "cli/exits.h"
#include "cli/json.h"
#include "cli/open.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How many ids there are. A group that is not there is not made in order to empty it. */
static int count_ids(const settings *s, uint64_t *ret_total)
{
    allot_group *group;
    allot_view view;
    allot_error error = {0};
    int code = open_group(s, true, &group);
    if (code != CODE_OK)
        return code;
    int failed = allot_group_view(group, (int)s->timeout_ms, &view, &error);
    if (failed == ALLOT_OK)
        *ret_total = view.total;
    else
        code = fail_allot(failed, &error);
    allot_group_close(group);
    return code;
}

static int confirm(const settings *s, uint64_t total)
{
    char answer[16];
    if (s->yes)
        return CODE_OK;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return fail(CODE_USAGE, "this removes ids for good: say --yes");
    dprintf(STDERR_FILENO, "Remove all ids of group '%s' (%" PRIu64 "), whoever works on them? [y/N] ", s->config.group,
            total);
    if (fgets(answer, sizeof(answer), stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y'))
        return CODE_OK;
    return fail(CODE_FAILED, "nothing was removed");
}

static int remove_ids(const settings *s, uint64_t *ret_removed)
{
    allot_group *group;
    allot_error error = {0};
    int code = open_group(s, false, &group);
    if (code != CODE_OK)
        return code;
    int failed = allot_group_clean(group, (int)s->timeout_ms, ret_removed, &error);
    if (failed != ALLOT_OK)
        code = fail_allot(failed, &error);
    allot_group_close(group);
    return code;
}

static void report(output *out, int64_t format, uint64_t removed)
{
    json j = {.out = out};
    if (format == OUTPUT_TABLE) {
        output_printf(out, "removed %" PRIu64 " id%s\n", removed, removed == 1 ? "" : "s");
        return;
    }
    json_object(&j);
    json_key(&j, "removed");
    json_unsigned(&j, removed);
    json_object_end(&j);
    output_text(out, "\n");
}

int verb_clean(const invocation *call)
{
    const settings *s = &call->settings;
    uint64_t total, removed;
    int code = count_ids(s, &total);
    if (code == CODE_OK)
        code = confirm(s, total);
    if (code == CODE_OK)
        code = remove_ids(s, &removed);
    if (code != CODE_OK)
        return code;
    output out = {.fd = STDOUT_FILENO};
    report(&out, s->output, removed);
    return output_end(&out, CODE_OK);
}
