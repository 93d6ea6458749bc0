#include "bench/lib/replica.h"
#include "bench/lib/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPLICAS_MOST 64

/* ---- Starting ---------------------------------------------------------------------------------------------------- */

static void __attribute__((noreturn)) become(const place *p, const char *command, unsigned ttl_s, int out)
{
    char ttl[16], option[200];
    const char *path = getenv("PATH");
    char env_path[512];
    snprintf(ttl, sizeof(ttl), "%us", ttl_s);
    snprintf(option, sizeof(option), "%s=%s", p->option.key, p->option.value);
    snprintf(env_path, sizeof(env_path), "PATH=%s", path != NULL ? path : "/usr/bin:/bin");
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0)
        _exit(127);
    execle(command, command, "run", "--group", "bench", "--backend", place_name(p->kind), "--backend-option", option,
           "--ttl", ttl, "--settle", "20ms", "--log-format", "json", (char *)NULL, (char *const[]){env_path, NULL});
    _exit(127);
}

void replica_start(replica *r, const place *p, const char *command, unsigned ttl_s)
{
    int ends[2];
    *r = (replica){.pid = 0};
    if (pipe2(ends, O_CLOEXEC) != 0)
        bench_fail("pipe");
    r->pid = fork();
    if (r->pid < 0)
        bench_fail("fork");
    if (r->pid == 0)
        become(p, command, ttl_s, ends[1]);
    close(ends[1]);
    r->out = ends[0];
    fcntl(r->out, F_SETFL, O_NONBLOCK);
}

void replica_end(replica *r, int signal)
{
    if (r->pid != 0) {
        kill(r->pid, signal);
        if (waitpid(r->pid, NULL, 0) != r->pid)
            bench_fail("waitpid");
        close(r->out);
    }
    bytes_done(&r->line);
    *r = (replica){.pid = 0};
}

/* ---- Events ------------------------------------------------------------------------------------------------------ */

/* The number behind "key":, or 0. */
static uint64_t number_of(const char *line, const char *key)
{
    char wanted[32];
    snprintf(wanted, sizeof(wanted), "\"%s\":", key);
    const char *at = strstr(line, wanted);
    return at != NULL ? strtoull(at + strlen(wanted), NULL, 10) : 0;
}

static bool is_event(const char *line, const char *word)
{
    char wanted[48];
    snprintf(wanted, sizeof(wanted), "\"event\":\"%s\"", word);
    return strstr(line, wanted) != NULL;
}

static void take(replica *r, const char *line)
{
    int64_t at_ns = (int64_t)number_of(line, "mono_ns");
    if (is_event(line, "joined")) {
        r->joined = true;
    } else if (is_event(line, "leader")) {
        r->leader_ns = at_ns;
    } else if (is_event(line, "follower")) {
        r->leader_ns = 0;
    } else if (is_event(line, "split")) {
        r->version = number_of(line, "version");
    } else if (is_event(line, "gained")) {
        r->gained += number_of(line, "count");
        r->last_gain_ns = at_ns;
    } else if (is_event(line, "lost") || is_event(line, "released")) {
        r->lost += number_of(line, "count");
    } else if (is_event(line, "fenced") || is_event(line, "store_down")) {
        bench_fail("a replica: %s", line);
    }
}

static void take_lines(replica *r)
{
    char *newline;
    while (r->line.len > 0 && (newline = memchr(r->line.data, '\n', r->line.len)) != NULL) {
        size_t len = (size_t)(newline - r->line.data) + 1;
        *newline = '\0';
        take(r, r->line.data);
        memmove(r->line.data, r->line.data + len, r->line.len - len);
        r->line.len -= len;
    }
}

static void pull_one(replica *r)
{
    char piece[4096];
    ssize_t n;
    while ((n = read(r->out, piece, sizeof(piece))) > 0) {
        if (bytes_append(&r->line, piece, (size_t)n) != 0)
            bench_fail("no memory");
        take_lines(r);
    }
    if (n == 0)
        bench_fail("a replica ended by itself");
}

void replicas_pull(replica *list, unsigned count, int timeout_ms)
{
    struct pollfd fds[REPLICAS_MOST];
    BENCH_MUST(count <= REPLICAS_MOST);
    for (unsigned i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = list[i].pid != 0 ? list[i].out : -1, .events = POLLIN};
    poll(fds, count, timeout_ms);
    for (unsigned i = 0; i < count; i++)
        if (fds[i].revents != 0)
            pull_one(&list[i]);
}

unsigned replicas_leader(const replica *list, unsigned count)
{
    unsigned leader = count;
    for (unsigned i = 0; i < count; i++)
        if (list[i].pid != 0 && list[i].leader_ns != 0 &&
            (leader == count || list[i].leader_ns > list[leader].leader_ns))
            leader = i;
    return leader;
}

uint64_t replicas_held(const replica *list, unsigned count)
{
    uint64_t held = 0;
    for (unsigned i = 0; i < count; i++)
        held += list[i].gained - list[i].lost;
    return held;
}
