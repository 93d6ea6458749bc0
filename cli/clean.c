#include "cli/commands.h"
#include "cli/exits.h"
#include "cli/history_file.h"
#include "cli/json.h"
#include "cli/moments.h"
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

static history_answer answer_of(int failed)
{
    switch (failed) {
    case ALLOT_OK:
        return HISTORY_ACCEPTED;
    case ALLOT_E_NOT_FOUND:
    case ALLOT_E_REFUSED:
    case ALLOT_E_INVALID:
        return HISTORY_REFUSED;
    default:
        return HISTORY_UNKNOWN;
    }
}

/* Told before, and with the answer: whoever held an id may hear of it later than the next owner gets it. */
static int clean_told(allot_group *group, const settings *s, history_file *history, uint64_t *ret_removed)
{
    allot_error error = {0};
    int64_t since_us = boot_now_us();
    if (history_file_cleaned(history, HISTORY_UNKNOWN, since_us) != 0)
        return CODE_FAILED;
    int failed = allot_group_clean(group, (int)s->timeout_ms, ret_removed, &error);
    if (history_file_cleaned(history, answer_of(failed), since_us) != 0 && failed == ALLOT_OK)
        inform("the pool was emptied, and the history does not say so");
    return failed == ALLOT_OK ? CODE_OK : fail_allot(failed, &error);
}

static int remove_ids(const settings *s, uint64_t *ret_removed)
{
    allot_group *group;
    history_file history;
    int code = history_file_open(&history, s->history, &s->config);
    if (code != CODE_OK)
        return code;
    code = open_group(s, false, &group);
    if (code == CODE_OK) {
        code = clean_told(group, s, &history, ret_removed);
        allot_group_close(group);
    }
    return history_file_end(&history, code);
}

static void report(output *out, int64_t format, uint64_t removed)
{
    json j = {.out = out};
    if (format == OUTPUT_TABLE) {
        output_printf(out, "removed %" PRIu64 " id%s\n", removed, removed == 1 ? "" : "s");
        return;
    }
    json_object(&j);
    json_unsigned_member(&j, "removed", removed);
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
