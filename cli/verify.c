/* verify: the proof, from what replicas have written down, that the group kept its promises. */
#include "verify/merge.h"

#include "cli/commands.h"
#include "cli/exits.h"
#include "cli/json.h"
#include "cli/style.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Histories --------------------------------------------------------------------------------------------------- */

typedef struct history_stream {
    FILE *stream;
    char *text;
    size_t capacity;
    int error; /* errno; 0: none */
} history_stream;

static int next_line(void *user, raw_line *ret_line)
{
    history_stream *h = user;
    errno = 0;
    ssize_t n = getline(&h->text, &h->capacity, h->stream);
    if (n <= 0) {
        h->error = ferror(h->stream) || errno == ENOMEM ? errno : 0;
        return h->error != 0 ? -1 : 0;
    }
    bool ended = h->text[n - 1] == '\n';
    *ret_line = (raw_line){.text = h->text, .len = (size_t)n - ended, .ended = ended};
    return 1;
}

static int open_one(history_stream *h, const char *path)
{
    h->stream = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (h->stream != NULL)
        return CODE_OK;
    return fail(errno == ENOENT ? CODE_NOT_FOUND : CODE_FAILED, "%s: %s", path, strerror(errno));
}

static void close_all(history_stream *streams, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (streams[i].stream != NULL && streams[i].stream != stdin)
            fclose(streams[i].stream);
        free(streams[i].text);
    }
}

static int result_code(const checker *c, merge_result result, const char *path, const history_stream *h)
{
    switch (result) {
    case MERGE_NOMEM:
        return fail(CODE_FAILED, "out of memory");
    case MERGE_OBSTACLE:
        return fail(CODE_USAGE, "%s", checker_obstacle(c));
    case MERGE_UNREADABLE:
        return fail(CODE_FAILED, "%s: %s", path, strerror(h->error));
    default:
        return CODE_OK;
    }
}

static int check_streams(checker *c, const char *const *paths, history_stream *streams, uint32_t count)
{
    int code = CODE_OK;
    uint32_t at = 0;
    history_source *sources = calloc(count, sizeof(*sources));
    if (sources == NULL)
        return fail(CODE_FAILED, "out of memory");
    for (uint32_t i = 0; i < count && code == CODE_OK; i++) {
        code = open_one(&streams[i], paths[i]);
        sources[i] = (history_source){.next = next_line, .user = &streams[i]};
    }
    if (code == CODE_OK) {
        merge_result result = merge_histories(c, sources, count, &at);
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
                   {"fails", t->fails},  {"adds", t->adds}};
    json j = {.out = out};
    json_object(&j);
    json_key(&j, "verdict");
    json_string(&j, t->wrong == 0 ? "proved" : "violated");
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        json_key(&j, numbers[i].key);
        json_unsigned(&j, numbers[i].number);
    }
    json_key(&j, "violations");
    json_object(&j);
    for (rule r = 0; r < RULE_COUNT; r++) {
        if (t->found[r] > 0) {
            json_key(&j, rule_word(r));
            json_unsigned(&j, t->found[r]);
        }
    }
    json_object_end(&j);
}

static void place_json(json *j, const char *const *paths, place at)
{
    json_object(j);
    json_key(j, "file");
    json_string(j, paths[at.source]);
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
        json_key(&j, "rule");
        json_string(&j, rule_word(f->rule));
        json_key(&j, "message");
        json_string(&j, f->text);
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
        findings_text(&out, c, colours);
    }
    return output_end(&out, t->wrong == 0 ? CODE_OK : CODE_FAILED);
}

int verb_verify(const invocation *call)
{
    uint32_t count = (uint32_t)call->operand_count;
    checker *c = checker_new(call->operands, count, call->settings.complete);
    history_stream *streams = calloc(count, sizeof(*streams));
    int code = CODE_FAILED;
    if (c == NULL || streams == NULL) {
        fail(CODE_FAILED, "out of memory");
    } else {
        code = check_streams(c, call->operands, streams, count);
        if (code == CODE_OK)
            code = verdict(c, &call->settings, call->operands, count);
        close_all(streams, count);
    }
    free(streams);
    checker_free(c);
    return code;
}
