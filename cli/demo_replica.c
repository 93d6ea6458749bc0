#include "cli/demo_replica.h"

#include "cli/event_line.h"
#include "cli/exits.h"
#include "cli/moments.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_BYTES ((size_t)1 << 16)
#define ARGUMENTS_MAX 24

extern char **environ;

/* ---- Starting --------------------------------------------------------------------------------------------------- */

/* The demo's replicas are started by their flags alone: what the environment says is meant for others. */
static char **plain_environment(void)
{
    size_t count = 0, kept = 0;
    while (environ[count] != NULL)
        count++;
    char **plain = calloc(count + 1, sizeof(*plain));
    for (size_t i = 0; plain != NULL && i < count; i++) {
        if (strncmp(environ[i], "ALLOT_", 6) != 0)
            plain[kept++] = environ[i];
    }
    return plain;
}

static void become_replica(const char *const *arguments, char **environment, int events, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || dup2(events, STDOUT_FILENO) < 0)
        _exit(CODE_FAILED);
    execve("/proc/self/exe", (char *const *)arguments, environment);
    _exit(CODE_FAILED);
}

static int start(demo_replica *r, const char *const *arguments, char **environment)
{
    int ends[2];
    pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    pid_t pid = fork();
    if (pid == 0)
        become_replica(arguments, environment, ends[1], parent);
    int error = pid < 0 ? errno : 0;
    close(ends[1]);
    if (error != 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
        error = error != 0 ? error : errno;
        close(ends[0]);
    } else {
        r->events = ends[0];
    }
    r->pid = pid > 0 ? pid : 0;
    return error;
}

int demo_replica_start(demo_replica *r, const demo_launch *launch)
{
    char ttl[32], ids[32];
    snprintf(ttl, sizeof(ttl), "%" PRId64 "ms", launch->ttl_ms);
    snprintf(ids, sizeof(ids), "%" PRId64, launch->ids);
    const char *backend = launch->redis ? "redis" : "file", *place_flag = launch->redis ? "--url" : "--path";
    const char *modules_flag = launch->modules != NULL ? "--modules" : NULL; /* the last ones: NULL ends the list */
    const char *const arguments[ARGUMENTS_MAX] = {
        "allot",      "run",    "--backend",    backend, place_flag,  launch->place, "--group",
        "demo",       "--name", r->name,        "--ttl", ttl,         "--strategy",  launch->strategy,
        "--generate", ids,      "--log-format", "json",  "--log-ids", modules_flag,  launch->modules,
        NULL};
    char **environment = plain_environment();
    if (environment == NULL)
        return ENOMEM;
    int error = start(r, arguments, environment);
    free(environment);
    return error;
}

/* ---- What it tells ---------------------------------------------------------------------------------------------- */

static bool is(const event_line *line, const char *word)
{
    return strcmp(line->event, word) == 0;
}

static int note(const demo_replica *r, history *h, const event_line *line, history_kind kind, uint32_t id,
                uint64_t number)
{
    return history_note(
        h, (history_record){.mono_ns = line->mono_ns, .number = number, .id = id, .replica = r->number, .kind = kind});
}

static int take_ids(demo_replica *r, history *h, const event_line *line, history_kind kind)
{
    for (size_t i = 0; i < line->ids.count; i++) {
        const allot_id *id = &line->ids.ids[i];
        int64_t number = history_id(h, id->id);
        if (number < 0 || note(r, h, line, kind, (uint32_t)number, id->token) != 0)
            return fail(CODE_FAILED, "out of memory");
        if ((size_t)number >= r->id_count)
            return fail(CODE_FAILED, "%s was given an id that nobody added: %.*s", r->name, (int)id->id.len,
                        id->id.data);
        uint64_t *token = &r->tokens[number];
        r->held -= *token != 0;
        *token = kind == HISTORY_GAINED ? id->token : 0;
        r->held += *token != 0;
    }
    if (kind == HISTORY_GAINED)
        r->gained_ns = line->mono_ns;
    return CODE_OK;
}

static int take_event(demo_replica *r, history *h, const event_line *line)
{
    if (is(line, "gained"))
        return take_ids(r, h, line, HISTORY_GAINED);
    if (is(line, "released") || is(line, "lost"))
        return take_ids(r, h, line, HISTORY_ENDED);
    if (is(line, "joined")) {
        r->joined_ns = line->mono_ns;
        memcpy(r->slot, line->slot, sizeof(r->slot));
    } else if (is(line, "split")) {
        r->version = line->version;
        r->split_ns = line->mono_ns;
    } else if (is(line, "leader")) {
        r->leads_ns = line->mono_ns;
        r->term = line->term;
        if (note(r, h, line, HISTORY_LEADS, 0, line->term) != 0)
            return fail(CODE_FAILED, "out of memory");
    }
    return CODE_OK;
}

static int take_line(demo_replica *r, history *h, const char *text, size_t len)
{
    event_line line;
    if (event_line_read(text, len, &line) != 0)
        return fail(CODE_FAILED, "%s wrote what is no event: %.*s", r->name, len < 200 ? (int)len : 200, text);
    int code = take_event(r, h, &line);
    id_list_done(&line.ids);
    return code;
}

static int take_lines(demo_replica *r, history *h)
{
    int code = CODE_OK;
    size_t done = 0;
    const char *newline;
    while (code == CODE_OK && (newline = memchr(r->unread.data + done, '\n', r->unread.len - done)) != NULL) {
        size_t len = (size_t)(newline - r->unread.data) - done;
        code = take_line(r, h, r->unread.data + done, len);
        done += len + 1;
    }
    memmove(r->unread.data, r->unread.data + done, r->unread.len - done);
    r->unread.len -= done;
    return code;
}

int demo_replica_read(demo_replica *r, history *h)
{
    for (;;) {
        if (bytes_reserve(&r->unread, READ_BYTES) != 0)
            return fail(CODE_FAILED, "out of memory");
        ssize_t n = read(r->events, r->unread.data + r->unread.len, READ_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? CODE_OK : fail(CODE_FAILED, "%s: %s", r->name, strerror(errno));
        if (n == 0) {
            close(r->events);
            r->events = -1;
            return CODE_OK;
        }
        r->unread.len += (size_t)n;
        int code = take_lines(r, h);
        if (code != CODE_OK)
            return code;
    }
}

/* ---- Ending ----------------------------------------------------------------------------------------------------- */

int64_t demo_replica_kill(demo_replica *r)
{
    int64_t now_ns = mono_now_ns();
    r->killed = kill(r->pid, SIGKILL) == 0;
    return now_ns;
}

void demo_replica_done(demo_replica *r)
{
    if (r->pid > 0) {
        kill(r->pid, SIGKILL);
        while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
        r->pid = 0;
    }
    if (r->events >= 0)
        close(r->events);
    r->events = -1;
    bytes_done(&r->unread);
    free(r->tokens);
    r->tokens = NULL;
}
