/* requests.c - what the application asks for.
 *
 * A request is a piece of the heap with a copy of everything that it names. The caller waits for it; one that gives up
 * detaches, and the request lives on until the engine gives it back. */
#include "base/text.h"
#include "core/runtime/clock.h"
#include "core/runtime/fail.h"
#include "core/runtime/news.h"
#include "core/runtime/node.h"
#include "core/runtime/thread.h"
#include "core/runtime/words.h"

#include <stdlib.h>
#include <string.h>

/* Ids of one request of an add: as many as the engine has under way at once. */
#define ADD_IDS_MOST ((size_t)32 * ALLOT_OP_ITEMS_MAX)

struct request {
    engine_request engine; /* first: the engine's pointer is this one's too */
    engine_settings settings; /* reload */
    allot_movement movement;
    strategy_config *config; /* a reference, until it is in use; NULL: none */
    request *next;
    pthread_cond_t replied;
    bool done;
    bool detached; /* nobody waits for it */
};

/* ---- New --------------------------------------------------------------------------------------------------------- */

static request *new_request(engine_request_kind kind, size_t memory)
{
    request *r = calloc(1, sizeof(*r) + memory);
    if (r == NULL)
        return NULL;
    r->engine.kind = kind;
    thread_cond_init(&r->replied);
    return r;
}

static void free_request(request *r)
{
    pthread_cond_destroy(&r->replied);
    strategy_config_unref(r->config);
    free(r);
}

static allot_bytes copy_bytes(char **at, allot_bytes from)
{
    allot_bytes to = {.data = *at, .len = from.len};
    if (from.len > 0)
        memcpy(*at, from.data, from.len);
    *at += from.len;
    return to;
}

/* Behind the request: the ids, room for what was accepted, the texts. */
static request *new_report(engine_request_kind kind, const allot_id *ids, size_t count, const char *why)
{
    allot_bytes reason = {.data = why, .len = why != NULL ? (uint32_t)strlen(why) : 0};
    size_t memory = count * (sizeof(allot_id) + sizeof(bool)) + reason.len;
    for (size_t i = 0; i < count; i++)
        memory += ids[i].id.len;
    request *r = new_request(kind, memory);
    if (r == NULL)
        return NULL;
    allot_id *copies = (allot_id *)(r + 1);
    r->engine.count = count;
    r->engine.ids = copies;
    r->engine.accepted = (bool *)(copies + count);
    char *at = (char *)(r->engine.accepted + count);
    for (size_t i = 0; i < count; i++)
        copies[i] = (allot_id){.id = copy_bytes(&at, ids[i].id), .token = ids[i].token};
    r->engine.reason = copy_bytes(&at, reason);
    return r;
}

static request *new_add(const allot_new *ids, size_t count)
{
    size_t memory = count * sizeof(allot_new_id);
    for (size_t i = 0; i < count; i++)
        memory += (size_t)ids[i].id.len + ids[i].payload.len;
    request *r = new_request(ENGINE_ADD, memory);
    if (r == NULL)
        return NULL;
    allot_new_id *copies = (allot_new_id *)(r + 1);
    char *at = (char *)(copies + count);
    for (size_t i = 0; i < count; i++) {
        copies[i].id = copy_bytes(&at, ids[i].id);
        copies[i].payload = copy_bytes(&at, ids[i].payload);
    }
    r->engine.count = count;
    r->engine.news = copies;
    return r;
}

/* ---- With the engine: under the lock ----------------------------------------------------------------------------- */

static void end(allot_node *node, request *r)
{
    request **at = &node->requests;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    r->done = true;
    if (r->detached)
        free_request(r);
    else
        pthread_cond_signal(&r->replied);
}

void request_replied(allot_node *node, engine_request *replied)
{
    if (replied != &node->stall)
        end(node, (request *)replied);
}

void request_abandon_all(allot_node *node)
{
    while (node->requests != NULL) {
        node->requests->engine.code = ALLOT_E_UNKNOWN;
        end(node, node->requests);
    }
}

void request_free_all(allot_node *node)
{
    while (node->requests != NULL) {
        request *r = node->requests;
        node->requests = r->next;
        free_request(r);
    }
}

/* Before the engine plans by it: plans that it gives from its step on are run by the new one. */
static void use_config(allot_node *node, request *r)
{
    allot_options *o = &node->settings.options;
    uint32_t kind = strategy_config_kind(node->planner.config, o->movement);
    r->settings.replan = kind != r->settings.kind || !strategy_config_equal(node->planner.config, r->config);
    o->movement = r->movement;
    planner_use(&node->planner, r->config);
    r->config = NULL;
}

/* Gives the request to the engine and waits for its reply. `r` (NULL: there was no memory for it) is used up.
 * *ret_result: the engine's part, how far it got. */
static int run(allot_node *node, request *r, int64_t until_ns, bool *ret_accepted, engine_request *ret_result)
{
    if (r == NULL)
        return ALLOT_E_NOMEM;
    int code = node_enter(node);
    if (code == ALLOT_OK && node->dead) {
        node_leave(node);
        code = ALLOT_E_NOMEM;
    }
    if (code != ALLOT_OK) {
        free_request(r);
        return code;
    }
    r->next = node->requests;
    node->requests = r;
    if (r->config != NULL)
        use_config(node, r);
    node_step_and_wake(node, (engine_event){.kind = ENGINE_REQUEST, .request = &r->engine});
    while (!r->done && node_wait(node, &r->replied, until_ns))
        continue;
    *ret_result = r->engine;
    if (ret_accepted != NULL)
        memcpy(ret_accepted, r->engine.accepted, r->engine.count * sizeof(bool));
    bool done = r->done;
    r->detached = !done;
    node_leave(node);
    if (done)
        free_request(r);
    return done ? ret_result->code : ALLOT_E_TIMEOUT;
}

/* ---- Add --------------------------------------------------------------------------------------------------------- */

static int add_failed(int code, const engine_request *result, uint64_t done, size_t count, allot_error *ret_error)
{
    const char *words = allot_code_text(code);
    if (code == ALLOT_E_REFUSED)
        words = reason_text(result->refusal);
    if (code == ALLOT_E_REFUSED && result->refusal == ALLOT_REFUSED_LIMIT)
        code = ALLOT_E_LIMIT;
    return fail(ret_error, code, "%s; %llu of %zu ids are confirmed", words, (unsigned long long)done, count);
}

int allot_add(allot_node *node, const allot_new *ids, size_t count, int timeout_ms, allot_added *ret_added,
              allot_error *ret_error)
{
    allot_added unwanted;
    allot_added *sum = ret_added != NULL ? ret_added : &unwanted;
    *sum = (allot_added){0};
    int64_t until_ns = clock_until_ns(timeout_ms);
    int code = news_check(ids, count, ret_error);
    if (code != ALLOT_OK)
        return code;
    engine_request result = {.count = 0};
    size_t at = 0;
    do {
        size_t n = count - at < ADD_IDS_MOST ? count - at : ADD_IDS_MOST;
        code = run(node, new_add(ids + at, n), until_ns, NULL, &result);
        sum->done += result.done;
        sum->added += result.added;
        sum->present += result.present;
        at += n;
    } while (code == ALLOT_OK && at < count);
    return code == ALLOT_OK ? ALLOT_OK : add_failed(code, &result, sum->done, count, ret_error);
}

/* ---- Reports ----------------------------------------------------------------------------------------------------- */

static int report(allot_node *node, request *r, int timeout_ms, bool *ret_accepted, allot_report *ret_report)
{
    engine_request result = {.count = 0};
    int code = run(node, r, clock_until_ns(timeout_ms), ret_accepted, &result);
    if (ret_report != NULL)
        *ret_report = (allot_report){.accepted = result.ok, .refused = result.refused};
    return code;
}

int allot_ack(allot_node *node, const allot_id *ids, size_t count, int timeout_ms, bool *ret_accepted,
              allot_report *ret_report)
{
    if (count > 0 && ids == NULL)
        return ALLOT_E_INVALID;
    return report(node, new_report(ENGINE_ACK, ids, count, NULL), timeout_ms, ret_accepted, ret_report);
}

int allot_fail(allot_node *node, const allot_id *ids, size_t count, const char *why, int timeout_ms, bool *ret_accepted,
               allot_report *ret_report)
{
    size_t why_bytes = why != NULL ? strlen(why) : 0;
    if (count > 0 && ids == NULL)
        return ALLOT_E_INVALID;
    if (why_bytes > ALLOT_REASON_BYTES_MAX)
        return ALLOT_E_LIMIT;
    if (!text_is_valid((allot_bytes){.data = why, .len = (uint32_t)why_bytes}, ALLOT_REASON_BYTES_MAX))
        return ALLOT_E_INVALID;
    return report(node, new_report(ENGINE_FAIL, ids, count, why), timeout_ms, ret_accepted, ret_report);
}

int allot_release(allot_node *node, const allot_id *ids, size_t count, int timeout_ms, bool *ret_accepted,
                  allot_report *ret_report)
{
    if (count > 0 && ids == NULL)
        return ALLOT_E_INVALID;
    return report(node, new_report(ENGINE_RELEASE, ids, count, NULL), timeout_ms, ret_accepted, ret_report);
}

/* ---- Working, reload, drain, leave --------------------------------------------------------------------------- */

/* The engine replies to these two within the step, so that there is nothing to wait for. */
#define AT_ONCE_NS 0

static bool is_fenced(allot_node *node)
{
    if (node_enter(node) != ALLOT_OK)
        return false;
    bool fenced = engine_deadline_us(node->engine) == INT64_MIN;
    node_leave(node);
    return fenced;
}

int allot_working(allot_node *node, const allot_id *ids, size_t count)
{
    engine_request result;
    if (count > 0 && ids == NULL)
        return ALLOT_E_INVALID;
    if (count > ALLOT_WORKING_MAX)
        return ALLOT_E_LIMIT;
    bool fenced = is_fenced(node);
    int code = run(node, new_report(ENGINE_WORKING, ids, count, NULL), AT_ONCE_NS, NULL, &result);
    return code == ALLOT_OK && fenced ? ALLOT_E_FENCED : code;
}

static request *new_reload(const allot_options *o, strategy_config *config)
{
    request *r = new_request(ENGINE_RELOAD, 0);
    if (r == NULL) {
        strategy_config_unref(config);
        return NULL;
    }
    const char *name = config->ops->name;
    r->config = config;
    r->movement = o->movement;
    r->settings = (engine_settings){.strategy = {.data = name, .len = (uint32_t)strlen(name)},
                                    .kind = strategy_config_kind(config, o->movement),
                                    .max_attempts = o->max_attempts,
                                    .settle_us = o->settle_ms * 1000,
                                    .handover_timeout_us = o->handover_timeout_ms * 1000,
                                    .retry_after_us = o->retry_after_ms * 1000,
                                    .retire_on_timeout = o->on_timeout == ALLOT_RETIRE};
    r->engine.settings = &r->settings;
    return r;
}

int allot_reload(allot_node *node, const allot_options *options, allot_error *ret_error)
{
    static const hooks none;
    settings fresh;
    engine_request result;
    strategy_config *config;
    if (fork_is_child(node->pid))
        return fail_plainly(ret_error, ALLOT_E_FORKED);
    int code = settings_init(&fresh, options, ret_error);
    const char *fixed = code == ALLOT_OK ? settings_fixed_difference(&node->settings, &fresh) : NULL;
    if (fixed != NULL)
        code = fail(ret_error, ALLOT_E_INVALID, "option %s was changed, which needs a restart", fixed);
    if (code == ALLOT_OK)
        code = strategy_config_new(&fresh.options, &none, &config, ret_error);
    if (code == ALLOT_OK) {
        code = run(node, new_reload(&fresh.options, config), AT_ONCE_NS, NULL, &result);
        if (code != ALLOT_OK)
            fail_plainly(ret_error, code);
    }
    settings_done(&fresh);
    return code;
}

int allot_drain(allot_node *node)
{
    engine_request result;
    return run(node, new_request(ENGINE_DRAIN, 0), AT_ONCE_NS, NULL, &result);
}

int allot_leave(allot_node *node, int timeout_ms)
{
    engine_request result;
    request *r = new_request(ENGINE_LEAVE, 0);
    if (r != NULL)
        r->engine.why = ALLOT_WHY_LEAVING;
    int code = run(node, r, clock_until_ns(timeout_ms), NULL, &result);
    /* Refused: the store knows no such slot any more, which is what was wanted. */
    return code == ALLOT_E_REFUSED ? ALLOT_OK : code;
}
