/* demo_stage.h - where the demo plays: a temporary directory, its replicas, and everything to be cleaned up, on every
 * way out. */
#ifndef CLI_DEMO_STAGE_H
#define CLI_DEMO_STAGE_H

#include "cli/demo_replica.h"
#include "cli/demo_server.h"
#include "cli/settings.h"

#include <signal.h>

typedef struct demo_stage {
    const settings *settings;
    char path[512];     /* the directory; "": none */
    demo_server server; /* redis alone */
    int signal_fd;
    demo_replica *replicas;
    uint32_t count;
    history history;
    int64_t started_ns;
    int64_t even_within; /* shares may differ by so much; INT64_MAX: the strategy does not promise it */
} demo_stage;

/* Makes the directory and starts the replicas. Returns 0, or an exit code after saying why; demo_stage_done in either
 * case. */
int demo_stage_open(demo_stage *d, const settings *s);

/* Waits until `reached` says so, taking the replicas' events. Returns 0; an exit code after saying why, when
 * `limit_ms` have passed, a replica ended that should not have, or a signal came. */
int demo_stage_wait(demo_stage *d, bool (*reached)(const demo_stage *d), int64_t limit_ms, const char *what);

/* SIGTERM to all that run; waits until they have left. */
int demo_stage_leave(demo_stage *d);

/* Every id is held by exactly one replica, and, where the strategy promises it, the shares are even. */
bool demo_stage_is_placed(const demo_stage *d);

bool demo_replica_runs(const demo_replica *r);

size_t demo_stage_total(const demo_stage *d);

/* Kills what still runs, removes the directory, frees everything. */
void demo_stage_done(demo_stage *d);

#endif
