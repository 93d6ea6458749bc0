#include "bench/handover_floors.h"
#include "bench/lib/bench.h"
#ifdef HAVE_REDIS
#include "bench/lib/wire.h"
#endif

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct talk {
    int to_parent[2];
    pid_t child;
} talk;

static void tell(int fd, int64_t value)
{
    if (write(fd, &value, sizeof(value)) != sizeof(value))
        bench_fail("pipe");
}

static int64_t hear(int fd)
{
    int64_t value;
    if (read(fd, &value, sizeof(value)) != sizeof(value))
        bench_fail("pipe");
    return value;
}

static pid_t start(talk *t)
{
    if (pipe2(t->to_parent, O_CLOEXEC) != 0)
        bench_fail("pipe");
    t->child = fork();
    if (t->child < 0)
        bench_fail("fork");
    if (t->child == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return t->child;
}

static void end(talk *t)
{
    kill(t->child, SIGKILL);
    waitpid(t->child, NULL, 0);
    close(t->to_parent[0]);
    close(t->to_parent[1]);
}

/* ---- flock ------------------------------------------------------------------------------------------------------- */

static void __attribute__((noreturn)) hold_lock(const char *path, int fd)
{
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0 || flock(lock, LOCK_EX) != 0)
        _exit(1);
    tell(fd, 1);
    pause();
    _exit(0);
}

static void __attribute__((noreturn)) wait_for_lock(const char *path, int fd)
{
    int lock = open(path, O_RDWR | O_CLOEXEC);
    tell(fd, 1);
    if (lock < 0 || flock(lock, LOCK_EX) != 0)
        _exit(1);
    tell(fd, bench_now_ns());
    _exit(0);
}

samples floor_lock(const place *p, int rounds)
{
    samples s = {.count = 0};
    char path[128];
    snprintf(path, sizeof(path), "%s/floor", p->dir);
    for (int i = 0; i < rounds; i++) {
        talk holder, waiter;
        if (start(&holder) == 0)
            hold_lock(path, holder.to_parent[1]);
        hear(holder.to_parent[0]);
        if (start(&waiter) == 0)
            wait_for_lock(path, waiter.to_parent[1]);
        hear(waiter.to_parent[0]);
        bench_sleep_ms(2); /* it waits by now */
        int64_t start_ns = bench_now_ns();
        kill(holder.child, SIGKILL);
        samples_add(&s, (double)(hear(waiter.to_parent[0]) - start_ns));
        end(&holder);
        end(&waiter);
    }
    return s;
}

/* ---- PUBLISH ----------------------------------------------------------------------------------------------------- */

#ifdef HAVE_REDIS
static void __attribute__((noreturn)) listen_for(const char *socket, int fd, int rounds)
{
    redisContext *c = wire_open(socket);
    wire_say(c, "SUBSCRIBE floor");
    wire_skip(c, 1);
    tell(fd, 1);
    for (int i = 0; i < rounds; i++) {
        wire_skip(c, 1);
        tell(fd, bench_now_ns());
    }
    _exit(0);
}

samples floor_publish(const place *p, int rounds)
{
    samples s = {.count = 0};
    talk t;
    redisContext *c = wire_open(p->socket);
    if (start(&t) == 0)
        listen_for(p->socket, t.to_parent[1], rounds);
    hear(t.to_parent[0]);
    for (int i = 0; i < rounds; i++) {
        bench_sleep_ms(2);
        int64_t start_ns = bench_now_ns();
        wire_say(c, "PUBLISH floor x");
        wire_flush(c);
        samples_add(&s, (double)(hear(t.to_parent[0]) - start_ns));
        wire_skip(c, 1);
    }
    end(&t);
    redisFree(c);
    return s;
}
#else
samples floor_publish(const place *p, int rounds)
{
    (void)p;
    (void)rounds;
    return (samples){.count = 0};
}
#endif
