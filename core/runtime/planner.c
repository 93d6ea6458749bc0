#include "core/runtime/planner.h"
#include "base/text.h"
#include "core/runtime/clock.h"
#include "core/runtime/thread.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct planner_job {
    planner_job *next;
    strategy_config *config;
    plan *plan;       /* NULL while it is run */
    plan *substitute; /* given back should the plan never come back */
};

/* What a planner and its thread share. It outlives the planner when the strategy hangs, so it has a lock of its own. */
struct planner_worker {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int wake_fd;
    plan *plan;              /* to run, being run, or run */
    strategy_config *config; /* its own reference, as long as there is a plan */
    bool has_run;
    bool stop;      /* the thread is to end */
    bool abandoned; /* nobody else looks at this any more: the thread frees it */
};

void planner_init(planner *p, strategy_config *config, int64_t budget_us, int wake_fd)
{
    *p = (planner){.config = config, .budget_us = budget_us, .wake_fd = wake_fd};
}

void planner_use(planner *p, strategy_config *config)
{
    strategy_config_unref(p->config);
    p->config = config;
}

/* ---- The thread -------------------------------------------------------------------------------------------------- */

static void free_worker(planner_worker *w)
{
    plan_free(w->plan);
    strategy_config_unref(w->config);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
    free(w);
}

static void tell_has_run(planner_worker *w)
{
    uint64_t one = 1;
    w->has_run = true;
    pthread_cond_broadcast(&w->changed);
    if (w->abandoned)
        return; /* the descriptor may be somebody else's by now */
    ssize_t written = write(w->wake_fd, &one, sizeof(one));
    (void)written; /* it fails only where the counter is full, and then it is readable */
}

/* What the strategy wrote may be anything. */
static void clean_message(char *message, size_t bytes)
{
    message[bytes - 1] = '\0';
    if (text_is_valid((allot_bytes){.data = message, .len = (uint32_t)strlen(message)}, (uint32_t)bytes))
        return;
    for (char *at = message; *at != '\0'; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
}

static void run_plan(plan *p, const strategy_config *config)
{
    p->value_count = config->value_count;
    p->values = config->values;
    plan_run(p, config->ops);
    clean_message(p->error.message, sizeof(p->error.message));
    p->values = NULL; /* the plan may outlive them */
    p->value_count = 0;
}

static void *worker_main(void *user)
{
    planner_worker *w = user;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (!w->stop && (w->plan == NULL || w->has_run))
            pthread_cond_wait(&w->changed, &w->lock);
        if (w->stop)
            break;
        pthread_mutex_unlock(&w->lock);
        run_plan(w->plan, w->config);
        pthread_mutex_lock(&w->lock);
        tell_has_run(w);
    }
    bool abandoned = w->abandoned;
    pthread_mutex_unlock(&w->lock);
    if (abandoned)
        free_worker(w);
    return NULL;
}

static planner_worker *new_worker(const planner *p)
{
    planner_worker *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return NULL;
    w->wake_fd = p->wake_fd;
    pthread_mutex_init(&w->lock, NULL);
    thread_cond_init(&w->changed);
    if (thread_start(&w->thread, "allot-plan", worker_main, w) != 0) {
        free_worker(w);
        return NULL;
    }
    return w;
}

static void stop_worker(planner_worker *w, bool abandon)
{
    pthread_t thread = w->thread;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    w->abandoned = abandon;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    if (abandon) {
        pthread_detach(thread);
        return;
    }
    pthread_join(thread, NULL);
    free_worker(w);
}

/* ---- Jobs -------------------------------------------------------------------------------------------------------- */

static void free_job(planner_job *job)
{
    plan_free(job->plan);
    plan_free(job->substitute);
    strategy_config_unref(job->config);
    free(job);
}

/* Hands the first job to the thread. Without a thread the job stays as it is: planner_collect says that it failed. */
static void start_first(planner *p, int64_t now_us)
{
    planner_job *job = p->jobs;
    p->running = false;
    if (job == NULL)
        return;
    if (p->worker == NULL)
        p->worker = new_worker(p);
    if (p->worker == NULL)
        return;
    planner_worker *w = p->worker;
    pthread_mutex_lock(&w->lock);
    assert(w->plan == NULL);
    w->plan = job->plan;
    w->config = strategy_config_ref(job->config);
    w->has_run = false;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    job->plan = NULL;
    p->running = true;
    p->deadline_us = now_us + p->budget_us;
}

int planner_give(planner *p, plan *given, int64_t now_us)
{
    planner_job *job = calloc(1, sizeof(*job));
    if (job == NULL) {
        plan_free(given);
        return ALLOT_E_NOMEM;
    }
    job->plan = given;
    job->config = strategy_config_ref(p->config);
    job->substitute = plan_new(1);
    if (job->substitute == NULL) {
        free_job(job);
        return ALLOT_E_NOMEM;
    }
    job->substitute->number = given->number;
    planner_job **tail = &p->jobs;
    while (*tail != NULL)
        tail = &(*tail)->next;
    *tail = job;
    if (p->jobs == job)
        start_first(p, now_us);
    return ALLOT_OK;
}

/* Ends the first job; what comes back is its result, in place of which the substitute may stand. */
static plan *end_first(planner *p, plan *result, int64_t now_us)
{
    planner_job *job = p->jobs;
    p->jobs = job->next;
    if (result == job->substitute)
        job->substitute = NULL;
    free_job(job);
    start_first(p, now_us);
    return result;
}

/* A strategy may fail without a word. */
static void say_why(plan *p)
{
    if (p->code != ALLOT_OK && p->error.message[0] == '\0')
        snprintf(p->error.message, sizeof(p->error.message), "%s", allot_code_text(p->code));
}

static plan *take_run(planner_worker *w)
{
    plan *result = NULL;
    pthread_mutex_lock(&w->lock);
    if (w->has_run) {
        result = w->plan;
        w->plan = NULL;
        strategy_config_unref(w->config);
        w->config = NULL;
        w->has_run = false;
    }
    pthread_mutex_unlock(&w->lock);
    return result;
}

plan *planner_collect(planner *p, int64_t now_us)
{
    if (p->jobs == NULL)
        return NULL;
    plan *substitute = p->jobs->substitute;
    if (!p->running) {
        substitute->code = substitute->error.code = ALLOT_E_SYSTEM;
        snprintf(substitute->error.message, sizeof(substitute->error.message), "no thread could be started for it");
        return end_first(p, substitute, now_us);
    }
    plan *result = take_run(p->worker);
    if (result != NULL) {
        say_why(result);
        return end_first(p, result, now_us);
    }
    if (now_us < p->deadline_us)
        return NULL;
    stop_worker(p->worker, true);
    p->worker = NULL;
    substitute->code = substitute->error.code = ALLOT_E_TIMEOUT;
    snprintf(substitute->error.message, sizeof(substitute->error.message), "not finished after %lld ms",
             (long long)(p->budget_us / 1000));
    return end_first(p, substitute, now_us);
}

int64_t planner_next_us(const planner *p)
{
    if (p->jobs == NULL)
        return INT64_MAX;
    return p->running ? p->deadline_us : INT64_MIN;
}

/* ---- Ending ------------------------------------------------------------------------------------------------------ */

static void free_jobs(planner *p)
{
    while (p->jobs != NULL) {
        planner_job *job = p->jobs;
        p->jobs = job->next;
        free_job(job);
    }
}

/* False when the strategy is still at work at the end of its budget. */
static bool wait_for_strategy(const planner *p)
{
    planner_worker *w = p->worker;
    int64_t until_ns = clock_mono_ns() + p->budget_us * 1000;
    pthread_mutex_lock(&w->lock);
    while (w->plan != NULL && !w->has_run && thread_cond_wait_until(&w->changed, &w->lock, until_ns))
        continue;
    bool at_rest = w->plan == NULL || w->has_run;
    pthread_mutex_unlock(&w->lock);
    return at_rest;
}

static void free_own(planner *p)
{
    free_jobs(p);
    strategy_config_unref(p->config);
    p->config = NULL;
}

void planner_done(planner *p)
{
    free_own(p);
    if (p->worker != NULL)
        stop_worker(p->worker, !wait_for_strategy(p));
    p->worker = NULL;
}

void planner_done_in_child(planner *p)
{
    free_own(p);
    planner_worker *w = p->worker;
    p->worker = NULL;
    if (w == NULL || pthread_mutex_trylock(&w->lock) != 0)
        return;
    bool at_rest = w->plan == NULL || w->has_run;
    pthread_mutex_unlock(&w->lock);
    if (at_rest) {
        plan_free(w->plan);
        strategy_config_unref(w->config);
        free(w); /* the lock and the condition hold no memory, and a thread that does not exist here waits on them */
    }
}
