/* stand.h - the backend on a real server, behind the proxy: what tests/conformance/world.h needs to stand on here. */
#ifndef TESTS_REDIS_STAND_H
#define TESTS_REDIS_STAND_H

#include "tests/conformance/world.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/tcp_proxy.h"

#define STAND_GROUP "conformance" /* world.c's */
#define STAND_KEYS "allot:{" STAND_GROUP "}:"

/* Starts the server (options as in redis_server_start), the proxy, and a world on them. */
world *stand_begin(const char *const *options);
void stand_end(world *w); /* takes NULL */

redis_server *stand_server(const world *w);
tcp_proxy *stand_proxy(const world *w);

/* Submits with this timeout and awaits the answer. */
const allot_answer *stand_call(member *m, allot_op op, int64_t timeout_us);
/* An add of one id, which stays the caller's text until the answer. */
allot_op stand_add(member *m, const char *id, allot_new_id *ret_new);
/* Again and again until it is answered OK; fails the test after a while. */
const allot_answer *stand_until_ok(member *m, const allot_op *op);

#endif
