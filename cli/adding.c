#include "cli/adding.h"

#include "cli/exits.h"
#include "cli/history_file.h"
#include "cli/json.h"
#include "cli/moments.h"
#include "cli/open.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* So many ids share one --timeout: a large file is not cut off while it goes on well. */
#define PIECE_IDS 16384

static void show_progress(bool terminal, size_t done, size_t count)
{
    if (terminal && count > PIECE_IDS)
        dprintf(STDERR_FILENO, "\r%zu of %zu ids%s", done, count, done == count ? "\r\033[K" : "");
}

static int adding_stopped(size_t done, size_t count, int code)
{
    dprintf(STDERR_FILENO, "%zu of %zu ids were confirmed before; adding them again is safe\n", done, count);
    return code;
}

/* What the history cannot tell is not added. */
static int add_pieces(allot_group *group, const settings *s, history_file *history, const allot_new *ids, size_t count,
                      added *sum)
{
    bool terminal = isatty(STDERR_FILENO) != 0;
    for (size_t done = 0; done < count;) {
        allot_error error = {0};
        allot_added piece = {0};
        size_t want = count - done < PIECE_IDS ? count - done : PIECE_IDS;
        int64_t since_us = boot_now_us();
        if (history_file_adding(history, ids + done, want) != 0)
            return adding_stopped(done, count, CODE_FAILED);
        int failed = allot_group_add(group, ids + done, want, (int)s->timeout_ms, &piece, &error);
        int told = history_file_added(history, since_us, ids + done, piece.done);
        sum->added += piece.added;
        sum->present += piece.present;
        done += piece.done;
        show_progress(terminal, done, count);
        if (failed != ALLOT_OK)
            return adding_stopped(done, count, fail_allot(failed, &error));
        if (told != 0)
            return adding_stopped(done, count, CODE_FAILED);
    }
    return CODE_OK;
}

int adding_ids(const settings *s, const allot_new *ids, size_t count, added *ret_added)
{
    allot_group *group;
    history_file history;
    int code = history_file_open(&history, s->history, &s->config);
    if (code != CODE_OK)
        return code;
    code = open_group(s, false, &group);
    if (code == CODE_OK) {
        ret_added->begun = true;
        code = add_pieces(group, s, &history, ids, count, ret_added);
        allot_group_close(group);
    }
    return history_file_end(&history, code);
}

static void report_json(output *out, const added *a)
{
    json j = {.out = out};
    json_object(&j);
    json_unsigned_member(&j, "added", a->added);
    json_unsigned_member(&j, "present", a->present);
    json_unsigned_member(&j, "refused", a->refused);
    json_object_end(&j);
    output_text(out, "\n");
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static void report_text(output *out, const added *a)
{
    output_printf(out, "added %" PRIu64 " id%s", a->added, plural(a->added));
    if (a->present > 0)
        output_printf(out, "; %" PRIu64 " %s in the pool before", a->present, a->present == 1 ? "was" : "were");
    if (a->refused > 0)
        output_printf(out, "; %" PRIu64 " line%s refused", a->refused, a->refused == 1 ? " was" : "s were");
    output_text(out, "\n");
}

int adding_report(const settings *s, const added *a, int code)
{
    output out = {.fd = STDOUT_FILENO};
    if (!a->begun && a->refused == 0)
        return code;
    if (s->output == OUTPUT_TABLE)
        report_text(&out, a);
    else
        report_json(&out, a);
    return output_end(&out, code == CODE_OK && a->refused > 0 ? CODE_FAILED : code);
}
