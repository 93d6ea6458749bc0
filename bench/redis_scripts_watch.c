#include "bench/redis_scripts_watch.h"
#include "bench/lib/bench.h"

#include <hiredis/hiredis.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <time.h>

/* Between two PINGs: they are to see what keeps the server, not to be it. */
#define PAUSE_NS 100000

struct watch {
    redisContext *asks, *pings;
    pthread_t thread;
    bool first;
    atomic_bool ends;
    _Atomic int64_t longest_ns;
};

static redisContext *connect_to(const char *socket_path)
{
    redisContext *c = redisConnectUnix(socket_path);
    if (c == NULL || c->err != 0)
        bench_fail("%s: %s", socket_path, c != NULL ? c->errstr : "no memory");
    return c;
}

static redisReply *ask(redisContext *c, const char *command)
{
    redisReply *reply = redisCommand(c, command);
    if (reply == NULL || reply->type == REDIS_REPLY_ERROR)
        bench_fail("%s: %s", command, reply != NULL ? reply->str : c->errstr);
    return reply;
}

static void tell(redisContext *c, const char *command)
{
    freeReplyObject(ask(c, command));
}

static void *ping(void *user)
{
    watch *w = user;
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    const struct sched_param first = {.sched_priority = 11};
    prctl(PR_SET_TIMERSLACK, 1);
    if (w->first && sched_setscheduler(0, SCHED_FIFO, &first) != 0)
        bench_fail("sched_setscheduler");
    while (!atomic_load(&w->ends)) {
        int64_t begun_ns = bench_now_ns();
        tell(w->pings, "PING");
        int64_t took_ns = bench_now_ns() - begun_ns;
        if (took_ns > atomic_load(&w->longest_ns)) /* a reset in between may be lost: watch_begin waits */
            atomic_store(&w->longest_ns, took_ns);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

watch *watch_new(const char *socket_path, bool first)
{
    watch *w = bench_alloc(1, sizeof(*w));
    w->first = first;
    w->asks = connect_to(socket_path);
    w->pings = connect_to(socket_path);
    if (pthread_create(&w->thread, NULL, ping, w) != 0)
        bench_fail("pthread_create");
    return w;
}

void watch_free(watch *w)
{
    if (w == NULL)
        return;
    atomic_store(&w->ends, true);
    pthread_join(w->thread, NULL);
    redisFree(w->asks);
    redisFree(w->pings);
    free(w);
}

void watch_begin(watch *w)
{
    tell(w->asks, "SLOWLOG RESET");
    bench_sleep_ms(2); /* a PING that met with SLOWLOG is over */
    atomic_store(&w->longest_ns, 0);
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* What the backend sends: a script, or a read of segments' texts. (A script's own commands are in the log, too.) */
static bool is_sent(const redisReply *entry)
{
    if (entry->elements < 4 || entry->element[3]->elements < 2)
        return false;
    redisReply *const *words = entry->element[3]->element;
    return strcasecmp(words[0]->str, "EVALSHA") == 0 ||
           (strcasecmp(words[0]->str, "HMGET") == 0 && ends_with(words[1]->str, ":seg"));
}

double watch_end(watch *w, samples *durations)
{
    bench_sleep_ms(1); /* one that was under way is counted */
    double longest_us = (double)atomic_load(&w->longest_ns) / 1e3;
    redisReply *log = ask(w->asks, "SLOWLOG GET -1");
    for (size_t i = 0; i < log->elements; i++)
        if (is_sent(log->element[i]))
            samples_add(durations, (double)log->element[i]->element[2]->integer);
    freeReplyObject(log);
    return longest_us;
}
