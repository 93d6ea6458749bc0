/* demo: an election, a split and a hand-over after the leader was killed, told and checked. */
#include "cli/commands.h"
#include "cli/demo_story.h"
#include "cli/exits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_MS 15000 /* far above what any step needs: a wait that ends here has failed */

typedef struct demo {
    demo_stage stage;
    demo_story story;
    uint64_t *tokens_before; /* by id: its token when the leader was killed */
    uint32_t killed;
    int64_t killed_ns;
} demo;

/* ---- Conditions ------------------------------------------------------------------------------------------------- */

/* The one that leads in the highest term; NULL: none yet. */
static const demo_replica *leader_of(const demo_stage *d)
{
    const demo_replica *leader = NULL;
    for (uint32_t i = 0; i < d->count; i++) {
        const demo_replica *r = &d->replicas[i];
        if (r->leads_ns != 0 && demo_replica_runs(r) && (leader == NULL || r->term > leader->term))
            leader = r;
    }
    return leader;
}

/* All running replicas have told the same split. */
static bool same_split(const demo_stage *d)
{
    const demo_replica *leader = leader_of(d);
    for (uint32_t i = 0; leader != NULL && i < d->count; i++) {
        const demo_replica *r = &d->replicas[i];
        if (demo_replica_runs(r) && (r->version == 0 || r->version != leader->version))
            return false;
    }
    return leader != NULL;
}

static bool first_split_is_done(const demo_stage *d)
{
    return same_split(d) && demo_stage_is_placed(d);
}

static bool killed_is_gone(const demo_stage *d)
{
    for (uint32_t i = 0; i < d->count; i++) {
        if (!demo_replica_runs(&d->replicas[i]))
            return true;
    }
    return false;
}

static bool second_split_is_done(const demo_stage *d)
{
    return killed_is_gone(d) && first_split_is_done(d);
}

/* ---- Scenes ----------------------------------------------------------------------------------------------------- */

static int64_t last_gain_ns(const demo_stage *d)
{
    int64_t last = 0;
    for (uint32_t i = 0; i < d->count; i++) {
        if (demo_replica_runs(&d->replicas[i]) && d->replicas[i].gained_ns > last)
            last = d->replicas[i].gained_ns;
    }
    return last;
}

static int by_joining(const void *left, const void *right)
{
    const demo_replica *const *a = left, *const *b = right;
    return (*a)->joined_ns < (*b)->joined_ns ? -1 : 1;
}

static int tell_joins(demo *m)
{
    const demo_stage *d = &m->stage;
    const demo_replica **order = calloc(d->count, sizeof(*order));
    if (order == NULL)
        return fail(CODE_FAILED, "out of memory");
    for (uint32_t i = 0; i < d->count; i++)
        order[i] = &d->replicas[i];
    qsort(order, d->count, sizeof(*order), by_joining);
    bool led = false;
    const demo_replica *leader = leader_of(d);
    for (uint32_t i = 0; i < d->count; i++) {
        if (!led && leader->leads_ns < order[i]->joined_ns) {
            demo_story_moment(&m->story, leader->leads_ns - d->started_ns, "%s leads, in term %" PRIu64, leader->name,
                              leader->term);
            led = true;
        }
        demo_story_moment(&m->story, order[i]->joined_ns - d->started_ns, "%s joined, as slot %.8s", order[i]->name,
                          order[i]->slot);
    }
    if (!led)
        demo_story_moment(&m->story, leader->leads_ns - d->started_ns, "%s leads, in term %" PRIu64, leader->name,
                          leader->term);
    free(order);
    return CODE_OK;
}

static int first_scene(demo *m)
{
    demo_stage *d = &m->stage;
    demo_story_heading(&m->story,
                       "%" PRId64 " replicas start. Each adds %" PRId64 " ids to the pool; nobody says who leads.",
                       d->settings->replicas, d->settings->ids);
    demo_story_waiting(&m->story, "joining, electing, splitting");
    int code = demo_stage_wait(d, first_split_is_done, LIMIT_MS + 3 * d->settings->demo_ttl_ms, "the first split");
    if (code == CODE_OK)
        code = tell_joins(m);
    if (code != CODE_OK)
        return code;
    demo_story_moment(&m->story, last_gain_ns(d) - d->started_ns, "split: %zu ids over %" PRIu32 " replicas, by %s",
                      demo_stage_total(d), d->count, d->settings->config.split.strategy);
    demo_story_shares(&m->story, d);
    return CODE_OK;
}

static int kill_leader(demo *m)
{
    demo_stage *d = &m->stage;
    const demo_replica *leader = leader_of(d);
    m->killed = leader->number;
    for (size_t id = 0; id < demo_stage_total(d); id++) {
        for (uint32_t i = 0; i < d->count; i++) {
            if (d->replicas[i].tokens[id] != 0 && i != m->killed)
                m->tokens_before[id] = d->replicas[i].tokens[id];
        }
    }
    m->killed_ns = demo_replica_kill(&d->replicas[m->killed]);
    history_record death = {.mono_ns = m->killed_ns, .replica = m->killed, .kind = HISTORY_DIED};
    return history_note(&d->history, death) == 0 ? CODE_OK : fail(CODE_FAILED, "out of memory");
}

/* How many ids that were not orphaned have the same token as before, and so the same owner: they were not touched. */
static size_t untouched(const demo *m)
{
    const demo_stage *d = &m->stage;
    size_t count = 0;
    for (size_t id = 0; id < demo_stage_total(d); id++) {
        for (uint32_t i = 0; i < d->count; i++)
            count += i != m->killed && m->tokens_before[id] != 0 && d->replicas[i].tokens[id] == m->tokens_before[id];
    }
    return count;
}

static int second_scene(demo *m)
{
    demo_stage *d = &m->stage;
    const demo_replica *killed = leader_of(d);
    size_t orphans = killed->held;
    const char *meanwhile = d->settings->demo_backend == DEMO_FILE ? "; the kernel frees its lock"
                                                                   : ", and nobody may take its place before";
    demo_story_heading(&m->story, "kill -9 %s, the leader with %zu ids. Its lease runs for %.3g s%s.", killed->name,
                       orphans, (double)d->settings->demo_ttl_ms / 1000, meanwhile);
    int code = kill_leader(m);
    demo_story_waiting(&m->story, "electing, handing over");
    if (code == CODE_OK)
        code = demo_stage_wait(d, second_split_is_done, LIMIT_MS + 3 * d->settings->demo_ttl_ms, "the hand-over");
    if (code != CODE_OK)
        return code;
    const demo_replica *leader = leader_of(d);
    demo_story_moment(&m->story, leader->leads_ns - m->killed_ns, "%s leads, in term %" PRIu64, leader->name,
                      leader->term);
    size_t others = demo_stage_total(d) - orphans, kept = untouched(m);
    char untouched_text[64] = "";
    if (kept < others)
        snprintf(untouched_text, sizeof(untouched_text), "%zu of ", kept);
    demo_story_moment(&m->story, last_gain_ns(d) - m->killed_ns,
                      "the %zu orphaned ids have new owners; %sthe other %zu were not touched", orphans, untouched_text,
                      others);
    demo_story_shares(&m->story, d);
    return CODE_OK;
}

static int judge(demo *m)
{
    verdict v;
    if (history_check(&m->stage.history, m->stage.count, &v) != 0)
        return fail(CODE_FAILED, "out of memory");
    demo_story_verdict(&m->story, &m->stage, &v);
    return v.wrong == 0 ? CODE_OK : CODE_FAILED;
}

static int play(demo *m, const settings *s)
{
    int code = demo_stage_open(&m->stage, s);
    if (code != CODE_OK)
        return code;
    m->tokens_before = calloc(demo_stage_total(&m->stage), sizeof(*m->tokens_before));
    code = m->tokens_before != NULL ? first_scene(m) : fail(CODE_FAILED, "out of memory");
    if (code == CODE_OK)
        code = second_scene(m);
    if (code == CODE_OK)
        code = judge(m);
    if (code == CODE_OK)
        code = demo_stage_leave(&m->stage);
    return code;
}

int verb_demo(const invocation *call)
{
    demo m = {.story = demo_story_begin()};
    int code = play(&m, &call->settings);
    if (call->settings.keep && m.stage.path[0] != '\0' && call->settings.demo_backend == DEMO_FILE)
        output_printf(&m.story.out, "\nThe store is kept: allot status --path %s --group demo\n", m.stage.path);
    demo_stage_done(&m.stage);
    free(m.tokens_before);
    return output_end(&m.story.out, code);
}
