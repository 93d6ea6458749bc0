/* link_state.h - the inside of a link: its parts, and what its files offer one another. */
#ifndef REDIS_LINK_STATE_H
#define REDIS_LINK_STATE_H

#include "backends/redis/command.h"
#include "backends/redis/guard.h"
#include "backends/redis/link.h"
#include "backends/redis/resolve.h"
#include "backends/redis/socket.h"

#define REDIS_WHY_BYTES 400u

typedef enum redis_link_phase {
    REDIS_RESTING = 1, /* until `until_us`; an idle link (idle_us) until something waits */
    REDIS_RESOLVING,   /* the rest of an attempt: until `until_us` at most */
    REDIS_CONNECTING,
    REDIS_GREETING,
    REDIS_UP
} redis_link_phase;

struct redis_link {
    redis_link_config config; /* its texts are ours */
    allot_clock clock;
    char name[160];
    redis_link_phase phase;
    int64_t until_us;
    int64_t endpoint_until_us; /* connecting: the next address is tried then */
    int64_t up_since_us;
    int64_t busy_at_us;        /* the last time that there was something to do */
    int64_t backoff_us;
    uint64_t random;
    int epoll;
    int fd; /* -1: none */
    uint32_t watched; /* epoll events of fd */
    redis_resolve *resolve;    /* a look-up outlives the attempt that began it, and serves the next */
    redis_endpoints endpoints;
    unsigned endpoint;         /* the one that is being tried */
    redisReader *reader;
    redis_guard guard;
    redis_commands greeting;   /* what is still to be judged of the handshake is `sent`; this is not written yet */
    redis_commands waiting;    /* the first may be written in part */
    redis_commands sent;
    bool is_kept;       /* the last reply, by who was told it */
    bool is_distrusted; /* by who was told the last reply */
    bool is_leaving; /* nothing more is written; once all is answered, the link connects anew */
    unsigned noted;  /* REDIS_NOTE_* that were told */
    unsigned notes;  /* of this handshake */
    char why[REDIS_WHY_BYTES]; /* it is not up, or "" */
};

int64_t redis_link_now_us(const redis_link *l);

/* ---- connect.c: from rest to a connection that greets, and back ------------------------------------------------- */

/* Begins an attempt that is due, and goes on with it as far as it goes. */
void redis_link_connect(redis_link *l, const redis_link_events *events);
/* Destroys the connection, or ends the attempt; fails what was written, and after an attempt also what waits. */
void redis_link_lose(redis_link *l, const redis_link_events *events, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Closes a connection with nothing on it; nothing is told. */
void redis_link_rest(redis_link *l);
void redis_link_close_socket(redis_link *l);

/* ---- traffic.c: what goes over a connection --------------------------------------------------------------------- */

/* True: there may be more to read at once. */
bool redis_link_receive(redis_link *l, const redis_link_events *events);
void redis_link_transmit(redis_link *l, const redis_link_events *events);
/* Fails all commands of the list, in order, and frees them. No event when `events` is NULL. */
void redis_link_fail_all(const redis_link_events *events, redis_commands *list, const char *why);

#endif
