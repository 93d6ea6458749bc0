#include "cli/demo_story.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SHORT_ID_BYTES 4
#define IDS_SHOWN 8
#define BAR_CELLS 20

demo_story demo_story_begin(void)
{
    return (demo_story){
        .out = {.fd = STDOUT_FILENO}, .style = style_of(STDOUT_FILENO), .terminal = isatty(STDOUT_FILENO) != 0};
}

static void forget_waiting(demo_story *t)
{
    if (t->terminal)
        output_text(&t->out, "\r\033[K");
}

void demo_story_waiting(demo_story *t, const char *what)
{
    if (!t->terminal)
        return;
    output_printf(&t->out, "\r\033[K  %s%s ...%s", t->style.dim, what, t->style.off);
    output_flush(&t->out);
}

void demo_story_heading(demo_story *t, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    forget_waiting(t);
    output_printf(&t->out, "\n%s%s%s\n\n", t->style.bold, text, t->style.off);
    output_flush(&t->out);
}

void demo_story_moment(demo_story *t, int64_t after_ns, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    forget_waiting(t);
    output_printf(&t->out, "  %s%8.1f ms%s  %s\n", t->style.dim, (double)after_ns / 1e6, t->style.off, text);
    output_flush(&t->out);
}

/* ---- Shares ----------------------------------------------------------------------------------------------------- */

static size_t most_held(const demo_stage *d)
{
    size_t most = 1;
    for (uint32_t i = 0; i < d->count; i++)
        most = d->replicas[i].held > most ? d->replicas[i].held : most;
    return most;
}

static void bar(demo_story *t, size_t held, size_t most)
{
    size_t full = most <= BAR_CELLS ? held : (held * BAR_CELLS + most - 1) / most;
    size_t width = most < BAR_CELLS ? most : BAR_CELLS;
    output_text(&t->out, t->style.green);
    for (size_t i = 0; i < width; i++)
        output_text(&t->out, i < full ? "■" : " ");
    output_text(&t->out, t->style.off);
}

static void some_ids(demo_story *t, const demo_stage *d, const demo_replica *r)
{
    size_t shown = 0;
    output_text(&t->out, t->style.dim);
    for (size_t id = 0; id < d->history.name_count && shown < IDS_SHOWN; id++) {
        if (r->tokens[id] == 0)
            continue;
        output_printf(&t->out, " %.*s", SHORT_ID_BYTES, d->history.names[id].text);
        shown++;
    }
    output_printf(&t->out, "%s%s\n", r->held > shown ? " ..." : "", t->style.off);
}

void demo_story_shares(demo_story *t, const demo_stage *d)
{
    size_t most = most_held(d);
    int width = 0;
    for (uint32_t i = 0; i < d->count; i++)
        width = (int)strlen(d->replicas[i].name) > width ? (int)strlen(d->replicas[i].name) : width;
    forget_waiting(t);
    output_text(&t->out, "\n");
    for (uint32_t i = 0; i < d->count; i++) {
        const demo_replica *r = &d->replicas[i];
        output_printf(&t->out, "    %s%-*s%s  ", t->style.bold, width, r->name, t->style.off);
        if (!demo_replica_runs(r)) {
            output_printf(&t->out, "%sdead%s\n", t->style.red, t->style.off);
            continue;
        }
        output_printf(&t->out, "%4zu ids  ", r->held);
        bar(t, r->held, most);
        some_ids(t, d, r);
    }
    output_flush(&t->out);
}

/* ---- The end ---------------------------------------------------------------------------------------------------- */

void demo_story_verdict(demo_story *t, const demo_stage *d, const verdict *v)
{
    const style *s = &t->style;
    forget_waiting(t);
    if (v->wrong > 0) {
        output_printf(&t->out, "\n%sWRONG%s: %zu rule%s broken; the first: %s\n", s->red, s->off, v->wrong,
                      v->wrong == 1 ? " was" : "s were", v->first_wrong);
        return;
    }
    output_printf(&t->out,
                  "\n%sChecked%s, from what %" PRIu32 " replicas logged: %zu ids, %zu grants, %zu terms.\n"
                  "No id ever had two owners, and each has one now. Every grant of an id had a larger token than the\n"
                  "one before, and every leader a larger term.\n",
                  s->green, s->off, d->count, v->ids, v->grants, v->terms);
}
