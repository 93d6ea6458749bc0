#include "tests/redis/stand.h"

#include "backends/redis/redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { UNTIL_OK_S = 30 };

/* What is behind the one place of a test. */
typedef struct stand {
    redis_server *server;
    tcp_proxy *proxy;
} stand;

static const char *const *wanted_options; /* of the one that is about to be begun */

static void make(place *ret_place)
{
    stand *s = calloc(1, sizeof(*s));
    ck_assert_ptr_nonnull(s);
    s->server = redis_server_start(wanted_options);
    s->proxy = tcp_proxy_start(redis_server_socket(s->server));
    memset(ret_place, 0, sizeof(*ret_place));
    ret_place->shared = s;
    snprintf(ret_place->path, sizeof(ret_place->path), "redis://127.0.0.1:%d/0", tcp_proxy_port(s->proxy));
    ret_place->options[0] = (allot_option){"url", ret_place->path};
    ret_place->option_count = 1;
}

static void destroy(place *p)
{
    stand *s = p->shared;
    tcp_proxy_free(s->proxy);
    redis_server_free(s->server);
    free(s);
}

int subject_count(void)
{
    return 1;
}

const char *subject_skipped(void)
{
    return NULL;
}

const subject *subject_nth(int i)
{
    static const subject only = {
        .name = "redis", .ops = &redis_backend_ops, .make = make, .destroy = destroy, .own_clock = true};
    ck_assert_int_eq(i, 0);
    return &only;
}

world *stand_begin(const char *const *options)
{
    wanted_options = options;
    world *w = world_open(0);
    w->ttl_us = 60 * SECOND_US;
    return w;
}

void stand_end(world *w)
{
    if (w != NULL)
        world_close(w);
}

redis_server *stand_server(const world *w)
{
    return ((stand *)w->place.shared)->server;
}

tcp_proxy *stand_proxy(const world *w)
{
    return ((stand *)w->place.shared)->proxy;
}

const allot_answer *stand_call(member *m, allot_op op, int64_t timeout_us)
{
    op.timeout_us = timeout_us;
    return driver_call(m->handle, &op);
}

allot_op stand_add(member *m, const char *id, allot_new_id *ret_new)
{
    allot_op op = member_op(m, ALLOT_OP_ADD);
    *ret_new = (allot_new_id){.id = {.data = id, .len = (uint32_t)strlen(id)}};
    op.u.add = (allot_op_add){.count = 1, .ids = ret_new, .fresh_life = world_uuid(m->w)};
    return op;
}

const allot_answer *stand_until_ok(member *m, const allot_op *op)
{
    time_t limit_s = time(NULL) + UNTIL_OK_S;
    for (;;) {
        const allot_answer *a = driver_call(m->handle, op);
        if (a->outcome.status == ALLOT_STATUS_OK)
            return a;
        ck_assert_msg(a->outcome.status != ALLOT_STATUS_REFUSED, "refused: %d", (int)a->outcome.reason);
        ck_assert_msg(time(NULL) < limit_s, "still: %s", a->message);
    }
}
