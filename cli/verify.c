/* verify: the proof, from what replicas have written down, that the group kept its promises. */
#include "cli/commands.h"
#include "cli/exits.h"
#include "cli/history_file.h"
#include "cli/history_stream.h"
#include "cli/json.h"
#include "cli/moments.h"
#include "cli/style.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where there is no verdict. Exit code 1 says that what was promised was not kept, and nothing else. */
#define CODE_NO_VERDICT CODE_USAGE

/* ---- Histories --------------------------------------------------------------------------------------------------- */

/* One file twice would tell every add twice, and every hold. */
static int check_alone(const history_stream *streams, const char *const *paths, uint32_t last)
{
    const history_stream *h = &streams[last];
    for (uint32_t i = 0; i < last; i++) {
        if (streams[i].device == h->device && streams[i].inode == h->inode)
            return fail(CODE_NO_VERDICT, "%s and %s are the same file: name it once", paths[i], paths[last]);
    }
    return CODE_OK;
}

static int open_all(history_stream *streams, const char *const *paths, uint32_t count)
{
    int code = CODE_OK;
    for (uint32_t i = 0; i < count && code == CODE_OK; i++) {
        code = history_stream_open(&streams[i], paths[i]);
        if (code == CODE_OK)
            code = check_alone(streams, paths, i);
    }
    return code;
}

static int result_code(const checker *c, merge_result result, const char *path, const history_stream *h)
{
    switch (result) {
    case MERGE_NOMEM:
        return fail(CODE_NO_VERDICT, "out of memory");
    case MERGE_OBSTACLE:
        return fail(CODE_NO_VERDICT, "%s", checker_obstacle(c));
    case MERGE_UNREADABLE:
        return fail(CODE_NO_VERDICT, "%s: %s", path, strerror(h->error));
    default:
        return CODE_OK;
    }
}

static int check_streams(checker *c, const char *const *paths, history_stream *streams, uint32_t count)
{
    uint32_t at = 0;
    horizon until = {.until_us = boot_now_us()};
    bool known = history_boot_id(&until.boot);
    history_source *sources = calloc(count, sizeof(*sources));
    if (sources == NULL)
        return fail(CODE_NO_VERDICT, "out of memory");
    for (uint32_t i = 0; i < count; i++)
        sources[i] =
            (history_source){.next = history_stream_next, .growing = history_stream_is_growing, .user = &streams[i]};
    int code = open_all(streams, paths, count);
    if (code == CODE_OK) {
        merge_result result = merge_histories(c, sources, count, known ? &until : NULL, &at);
        code = result_code(c, result, paths[at], &streams[at]);
    }
    free(sources);
    return code;
}

/* ---- The verdict ------------------------------------------------------------------------------------------------- */

static const char *plural(uint64_t n)
{
    return n == 1 ? "y" : "ies";
}

static void verdict_json(output *out, const checker *c, uint32_t count)
{
    const tally *t = checker_tally(c);
    const struct {
        const char *key;
        uint64_t number;
    } numbers[] = {{"histories", count}, {"lines", t->lines}, {"processes", t->processes}, {"slots", t->slots},
                   {"terms", t->terms},  {"ids", t->ids},     {"grants", t->grants},       {"acks", t->acks},
                   {"fails", t->fails},  {"adds", t->adds},   {"growing", t->growing},     {"torn", t->torn}};
    json j = {.out = out};
    json_object(&j);
    json_string_member(&j, "verdict", t->wrong == 0 ? "proved" : "violated");
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        json_unsigned_member(&j, numbers[i].key, numbers[i].number);
    json_key(&j, "violations");
    json_object(&j);
    for (rule r = 0; r < RULE_COUNT; r++) {
        if (t->found[r] > 0)
            json_unsigned_member(&j, rule_word(r), t->found[r]);
    }
    json_object_end(&j);
}

static void place_json(json *j, const char *const *paths, place at)
{
    json_object(j);
    json_string_member(j, "file", paths[at.source]);
    json_key(j, "line");
    if (at.line == 0)
        json_null(j);
    else
        json_unsigned(j, at.line);
    json_object_end(j);
}

static void findings_json(output *out, const checker *c, const char *const *paths)
{
    json j = {.out = out, .comma = true};
    json_key(&j, "shown");
    json_array(&j);
    for (size_t i = 0; i < checker_finding_count(c); i++) {
        const finding *f = checker_finding_at(c, i);
        json_object(&j);
        json_string_member(&j, "rule", rule_word(f->rule));
        json_string_member(&j, "message", f->text);
        json_key(&j, "witnesses");
        json_array(&j);
        for (uint32_t k = 0; k < f->place_count; k++)
            place_json(&j, paths, f->places[k]);
        json_array_end(&j);
        json_object_end(&j);
    }
    json_array_end(&j);
    json_object_end(&j);
    output_text(out, "\n");
}

static void counts_text(output *out, const tally *t, uint32_t count)
{
    output_printf(out,
                  "%" PRIu32 " histor%s of %" PRIu64 " lines: %" PRIu64 " slots, %" PRIu64 " leaderships, %" PRIu64
                  " ids, %" PRIu64 " grants, %" PRIu64 " acks\n",
                  count, plural(count), t->lines, t->slots, t->terms, t->ids, t->grants, t->acks);
}

static void notes_text(output *out, const tally *t)
{
    if (t->growing > 0)
        output_printf(out, "so far: %" PRIu64 " of them %s still being written\n", t->growing,
                      t->growing == 1 ? "is" : "are");
    if (t->torn > 0)
        output_printf(out, "torn: %" PRIu64 " last line%s of what was killed\n", t->torn, t->torn == 1 ? "" : "s");
}

static void findings_text(output *out, const checker *c, style s)
{
    const tally *t = checker_tally(c);
    size_t next = 0;
    for (rule r = 0; r < RULE_COUNT; r++) {
        if (t->found[r] == 0)
            continue;
        output_printf(out, "\n%s%s%s: %" PRIu64 "\n", s.red, rule_text(r), s.off, t->found[r]);
        for (; next < checker_finding_count(c) && checker_finding_at(c, next)->rule == r; next++) {
            output_text(out, "  ");
            output_text(out, checker_finding_at(c, next)->text);
            output_text(out, "\n");
        }
        if (t->found[r] > FINDINGS_SHOWN_MAX)
            output_printf(out, "  and %" PRIu64 " more\n", t->found[r] - FINDINGS_SHOWN_MAX);
    }
}

static int verdict(const checker *c, const settings *s, const char *const *paths, uint32_t count)
{
    output out = {.fd = 1};
    style colours = style_of(out.fd);
    const tally *t = checker_tally(c);
    if (s->output != OUTPUT_TABLE) {
        verdict_json(&out, c, count);
        findings_json(&out, c, paths);
    } else {
        output_printf(&out, "%s%s%s: ", t->wrong == 0 ? colours.green : colours.red,
                      t->wrong == 0 ? "proved" : "violated", colours.off);
        counts_text(&out, t, count);
        notes_text(&out, t);
        findings_text(&out, c, colours);
    }
    if (output_end(&out, CODE_OK) != CODE_OK)
        return CODE_NO_VERDICT;
    return t->wrong == 0 ? CODE_OK : CODE_FAILED;
}

int verb_verify(const invocation *call)
{
    uint32_t count = (uint32_t)call->operand_count;
    checker *c = checker_new(call->operands, count, call->settings.complete);
    history_stream *streams = calloc(count, sizeof(*streams));
    int code = CODE_NO_VERDICT;
    if (c == NULL || streams == NULL)
        fail(CODE_NO_VERDICT, "out of memory");
    else
        code = check_streams(c, call->operands, streams, count);
    if (code == CODE_OK)
        code = verdict(c, &call->settings, call->operands, count);
    for (uint32_t i = 0; i < count && streams != NULL; i++)
        history_stream_close(&streams[i]);
    free(streams);
    checker_free(c);
    return code;
}
