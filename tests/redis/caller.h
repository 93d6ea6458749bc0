/* caller.h - one link to a server, driven from a test by its descriptor and its deadline alone.
 *
 * It checks what holds of every link, and fails the test when it does not: exactly one of reply and failed for each
 * command, replies in the order of sending, no call that takes long. */
#ifndef TESTS_REDIS_CALLER_H
#define TESTS_REDIS_CALLER_H

#include "backends/redis/link.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/tcp_proxy.h"

enum { CALLER_TAGS_MAX = 20000, CALLER_TEXT_BYTES = 400 };

/* How long to wait for what must happen, far above what it takes; and for a command that must be answered. */
#define LIMIT_US INT64_C(15000000)
#define SOON_US INT64_C(10000000)

typedef enum call_state { CALL_OPEN, CALL_REPLIED, CALL_FAILED } call_state;

typedef struct call {
    call_state state;
    bool maybe_applied;
    int type;          /* of the reply */
    long long integer;
    char text[CALLER_TEXT_BYTES]; /* of the reply, or why it failed */
    int64_t at_us;
} call;

typedef struct caller {
    redis_link *link;
    redis_link_events events;
    call *calls; /* by tag, from 0 */
    unsigned sent, answered;
    uint64_t last_replied;
    unsigned ups, downs, notes, messages;
    char why[CALLER_TEXT_BYTES], note[CALLER_TEXT_BYTES], message[CALLER_TEXT_BYTES];
    const char *hello; /* sent at each `up`: one word; or NULL */
    const char *channel; /* subscribed to at each `up`; or NULL */
    int resend; /* so many further commands are sent from within the events of those before */
} caller;

int64_t now_us(void);

/* The configuration for a server's socket, and for a proxy. */
redis_link_config config_of(const redis_server *s);
redis_link_config config_through(const tcp_proxy *p);

caller *caller_new(const redis_link_config *config);
void caller_free(caller *c); /* takes NULL */

/* Words by format, separated by spaces. Returns the tag. */
uint64_t caller_send(caller *c, int64_t timeout_us, const char *format, ...) __attribute__((format(printf, 3, 4)));
uint64_t caller_send_argv(caller *c, int64_t timeout_us, int argc, const char **argv, const size_t *lens);

/* Until the link asks for it: waits for the descriptor and the deadline, at most until `until_us`, then processes. */
void caller_turn(caller *c, int64_t until_us);
/* Turns until the command is answered, whichever way; fails the test after LIMIT_US. */
const call *caller_wait(caller *c, uint64_t tag);
/* Sends and waits; the answer has to be a reply, not an error; its text. */
const char *caller_ask(caller *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Turns until it was up, or was down, so many times; until so many messages came. */
void caller_wait_ups(caller *c, unsigned ups);
void caller_wait_downs(caller *c, unsigned downs);
void caller_wait_messages(caller *c, unsigned messages);
/* Turns for this long. */
void caller_pass(caller *c, int64_t for_us);

#endif
