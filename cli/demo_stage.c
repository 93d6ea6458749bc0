#include "cli/demo_stage.h"

#include "cli/exits.h"
#include "cli/moments.h"

#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPEN_FILES_MOST 16
#define LEAVE_LIMIT_MS 10000
#define SIGNAL_CODE 128

bool demo_replica_runs(const demo_replica *r)
{
    return r->events >= 0;
}

size_t demo_stage_total(const demo_stage *d)
{
    return (size_t)d->count * (size_t)d->settings->ids;
}

/* ---- Opening ---------------------------------------------------------------------------------------------------- */

static int make_directory(demo_stage *d)
{
    const char *parent = getenv("TMPDIR");
    if (parent == NULL || parent[0] == '\0')
        parent = "/tmp";
    int n = snprintf(d->path, sizeof(d->path), "%s/allot-demo-XXXXXX", parent);
    if (n > 0 && (size_t)n < sizeof(d->path) && mkdtemp(d->path) != NULL)
        return CODE_OK;
    d->path[0] = '\0';
    return fail(CODE_FAILED, "cannot make a directory in %s: %s", parent, strerror(errno));
}

/* Signals are taken from a descriptor from here on, so that there is only one way out. */
static int catch_signals(demo_stage *d)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGQUIT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    d->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return d->signal_fd >= 0 ? CODE_OK : fail(CODE_FAILED, "cannot wait for signals: %s", strerror(errno));
}

static int start_replica(demo_stage *d, demo_replica *r)
{
    const settings *s = d->settings;
    bool redis = s->demo_backend == DEMO_REDIS;
    demo_launch launch = {.redis = redis,
                          .place = redis ? d->server.url : d->path,
                          .modules = s->config.modules.path,
                          .strategy = s->config.split.strategy,
                          .ttl_ms = s->demo_ttl_ms,
                          .ids = s->ids};
    r->id_count = demo_stage_total(d);
    r->tokens = calloc(r->id_count, sizeof(*r->tokens));
    int error = r->tokens != NULL ? demo_replica_start(r, &launch) : ENOMEM;
    return error == 0 ? CODE_OK : fail(CODE_FAILED, "cannot start %s: %s", r->name, strerror(error));
}

static int start_replicas(demo_stage *d)
{
    d->replicas = calloc((size_t)d->settings->replicas, sizeof(*d->replicas));
    if (d->replicas == NULL)
        return fail(CODE_FAILED, "out of memory");
    d->count = (uint32_t)d->settings->replicas;
    for (uint32_t i = 0; i < d->count; i++) {
        d->replicas[i].number = i;
        d->replicas[i].events = -1;
        snprintf(d->replicas[i].name, sizeof(d->replicas[i].name), "replica-%u", i + 1);
    }
    d->started_ns = mono_now_ns();
    int code = CODE_OK;
    for (uint32_t i = 0; i < d->count && code == CODE_OK; i++)
        code = start_replica(d, &d->replicas[i]);
    return code;
}

int demo_stage_open(demo_stage *d, const settings *s)
{
    *d = (demo_stage){.settings = s, .signal_fd = -1};
    d->even_within = strcmp(s->config.split.strategy, "hash") == 0 ? INT64_MAX : 1;
    int code = catch_signals(d);
    if (code == CODE_OK)
        code = make_directory(d);
    if (code == CODE_OK && s->demo_backend == DEMO_REDIS)
        code = demo_server_start(&d->server, d->path);
    if (code == CODE_OK)
        code = start_replicas(d);
    return code;
}

/* ---- Waiting ---------------------------------------------------------------------------------------------------- */

static int on_signal(const demo_stage *d)
{
    struct signalfd_siginfo info;
    if (read(d->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return CODE_OK;
    return fail(SIGNAL_CODE + (int)info.ssi_signo, "interrupted");
}

/* fds[0] is for signals, fds[i + 1] for replica i. */
static int take_events(demo_stage *d, const struct pollfd *fds, bool may_end)
{
    int code = fds[0].revents != 0 ? on_signal(d) : CODE_OK;
    for (uint32_t i = 0; i < d->count && code == CODE_OK; i++) {
        demo_replica *r = &d->replicas[i];
        if (fds[i + 1].revents == 0)
            continue;
        code = demo_replica_read(r, &d->history);
        if (code == CODE_OK && !demo_replica_runs(r) && !may_end && !r->killed)
            code = fail(CODE_FAILED, "%s ended by itself", r->name);
    }
    return code;
}

static int wait_for(demo_stage *d, bool (*reached)(const demo_stage *d), int64_t limit_ms, bool may_end,
                    const char *what)
{
    int64_t deadline_ns = mono_now_ns() + limit_ms * 1000000;
    struct pollfd *fds = calloc((size_t)d->count + 1, sizeof(*fds));
    int code = fds != NULL ? CODE_OK : fail(CODE_FAILED, "out of memory");
    while (code == CODE_OK && !reached(d)) {
        int64_t left_ms = (deadline_ns - mono_now_ns()) / 1000000;
        if (left_ms <= 0) {
            code = fail(CODE_TIMED_OUT, "waited %lld ms for %s", (long long)limit_ms, what);
            break;
        }
        fds[0] = (struct pollfd){.fd = d->signal_fd, .events = POLLIN};
        for (uint32_t i = 0; i < d->count; i++)
            fds[i + 1] = (struct pollfd){.fd = d->replicas[i].events, .events = POLLIN};
        if (poll(fds, (nfds_t)d->count + 1, (int)left_ms + 1) > 0)
            code = take_events(d, fds, may_end);
    }
    free(fds);
    return code;
}

int demo_stage_wait(demo_stage *d, bool (*reached)(const demo_stage *d), int64_t limit_ms, const char *what)
{
    return wait_for(d, reached, limit_ms, false, what);
}

static bool none_runs(const demo_stage *d)
{
    for (uint32_t i = 0; i < d->count; i++) {
        if (demo_replica_runs(&d->replicas[i]))
            return false;
    }
    return true;
}

static int reap_ended(demo_replica *r)
{
    int status;
    if (r->pid == 0)
        return CODE_OK;
    while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    r->pid = 0;
    if (r->killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return CODE_OK;
    return fail(CODE_FAILED, "%s did not end as it should: wait status %#x", r->name, (unsigned)status);
}

int demo_stage_leave(demo_stage *d)
{
    for (uint32_t i = 0; i < d->count; i++) {
        if (demo_replica_runs(&d->replicas[i]))
            kill(d->replicas[i].pid, SIGTERM);
    }
    int code = wait_for(d, none_runs, LEAVE_LIMIT_MS, true, "the replicas to leave");
    for (uint32_t i = 0; i < d->count && code == CODE_OK; i++)
        code = reap_ended(&d->replicas[i]);
    return code;
}

/* ---- Looking ---------------------------------------------------------------------------------------------------- */

static bool each_once(const demo_stage *d)
{
    for (size_t id = 0; id < d->history.name_count; id++) {
        uint32_t owners = 0;
        for (uint32_t i = 0; i < d->count; i++)
            owners += demo_replica_runs(&d->replicas[i]) && d->replicas[i].tokens[id] != 0;
        if (owners != 1)
            return false;
    }
    return true;
}

bool demo_stage_is_placed(const demo_stage *d)
{
    size_t held = 0, least = SIZE_MAX, most = 0;
    for (uint32_t i = 0; i < d->count; i++) {
        const demo_replica *r = &d->replicas[i];
        if (!demo_replica_runs(r))
            continue;
        held += r->held;
        least = r->held < least ? r->held : least;
        most = r->held > most ? r->held : most;
    }
    return held == demo_stage_total(d) && (int64_t)(most - least) <= d->even_within && each_once(d);
}

/* ---- Cleaning up ------------------------------------------------------------------------------------------------ */

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)about;
    (void)type;
    (void)where;
    return remove(path);
}

void demo_stage_done(demo_stage *d)
{
    for (uint32_t i = 0; i < d->count; i++)
        demo_replica_done(&d->replicas[i]);
    demo_server_stop(&d->server);
    free(d->replicas);
    history_done(&d->history);
    if (d->signal_fd >= 0)
        close(d->signal_fd);
    if (d->path[0] != '\0' && !d->settings->keep &&
        nftw(d->path, remove_one, OPEN_FILES_MOST, FTW_DEPTH | FTW_PHYS) != 0)
        warn("%s could not be removed: %s", d->path, strerror(errno));
}
