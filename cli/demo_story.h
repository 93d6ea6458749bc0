/* demo_story.h - how the demo tells what it sees. */
#ifndef CLI_DEMO_STORY_H
#define CLI_DEMO_STORY_H

#include "cli/demo_stage.h"
#include "cli/output.h"
#include "cli/style.h"

typedef struct demo_story {
    output out;
    style style;
    bool terminal; /* shows what is being waited for */
} demo_story;

demo_story demo_story_begin(void);

/* A line that stands until the next one is written; only on a terminal. */
void demo_story_waiting(demo_story *t, const char *what);

/* A heading between two empty lines. */
void demo_story_heading(demo_story *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What happened, so many nanoseconds after the scene began. */
void demo_story_moment(demo_story *t, int64_t after_ns, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Who holds what. */
void demo_story_shares(demo_story *t, const demo_stage *d);

/* Was told from the replicas' own histories. */
void demo_story_verdict(demo_story *t, const demo_stage *d, const verdict *v);

#endif
