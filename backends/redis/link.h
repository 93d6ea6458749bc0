/* link.h - one connection to a Redis server, over a socket of our own; hiredis only formats and parses.
 *
 * Never blocks: names are resolved on a helper thread. A link connects by itself and, when its connection is lost,
 * again, with a backoff of 50 ms to 1 s. At each connect it says who it is (AUTH), selects its database and looks
 * whether the server is a master that has loaded its data; only then is it up. After a timeout or a reply that cannot
 * be parsed its connection is destroyed, never reused: what comes late must not be taken for another answer.
 *
 * Threads: one at a time. In a child of fork() only redis_link_free may be called; it says nothing to the server.
 * Rules of the source: DESIGN §2 (answers), §4. */
#ifndef REDIS_LINK_H
#define REDIS_LINK_H

#include <allot/backend.h>

#include <hiredis/hiredis.h>

typedef struct redis_link redis_link;

/* Where to; copied by redis_link_new. redis_address (address.h) makes one out of a URL. */
typedef struct redis_link_config {
    const char *host; /* a name or a number; not looked at when unix_path is there */
    int port;
    const char *unix_path; /* NULL: TCP */
    const char *user;      /* NULL: the default user */
    const char *password;  /* NULL: no AUTH */
    int database;
    int64_t connect_timeout_us; /* for one attempt: resolving, connecting and the handshake */
    int64_t idle_us;            /* 0: connected all the time. Else: connects when there is something to send, and closes
                                   after this long without anything to do (no `down` is told then) */
    const allot_clock *clock;   /* NULL or NULL members: CLOCK_BOOTTIME; the members are copied */
    bool subscribe_only;        /* for SUBSCRIBE and UNSUBSCRIBE, one channel each, and PING; brings messages */
} redis_link_config;

/* What a link tells, only from within redis_link_process and redis_link_free. Of the link that tells, only
 * redis_link_send, redis_link_keep, redis_link_distrust and the const functions may be called. `note`, `up`, `down` and
 * `message` may be NULL. */
typedef struct redis_link_events {
    void *user;
    /* Exactly one of these two for each send, in the order of sending (as far as replies go). The reply, which may be a
     * REDIS_REPLY_ERROR (errors.h), is valid until the function returns. After one that says that this server is not,
     * or no longer, for us (READONLY, NOAUTH), nothing more is written and the link connects anew. */
    void (*reply)(void *user, uint64_t tag, const redisReply *reply);
    /* maybe_applied: written, if only in part, and no reply came. `why` is one line that names the server. */
    void (*failed)(void *user, uint64_t tag, bool maybe_applied, const char *why);
    /* Ready, for the first time or again. Sends from within come before all that waits (scripts, SUBSCRIBE). */
    void (*up)(void *user);
    /* The connection was lost, or an attempt to connect failed. */
    void (*down)(void *user, const char *why);
    void (*message)(void *user, const char *channel, size_t channel_len, const char *payload, size_t payload_len);
    /* Something about the server that an operator should read (eviction, persistence); once per link and change. */
    void (*note)(void *user, const char *message);
} redis_link_events;

/* Returns NULL and an error: NOMEM, SYSTEM, INVALID (no host, or a path that is too long). Does not connect yet. */
redis_link *redis_link_new(const redis_link_config *config, allot_error *ret_error);

/* Fails all that is unanswered, then frees. Takes NULL. `events` may be NULL: nothing is told. */
void redis_link_free(redis_link *link, const redis_link_events *events);

/* Formats and queues one command; the arguments are copied. 0, or -1: out of memory, and nothing will be told.
 * It is written when the link is up. Until then it waits; when an attempt to connect fails, all that waits fails with
 * its reason, not applied. Past `deadline_us` (boot_us) without a reply it fails and, if any of it was written, the
 * connection is destroyed, and with it everything else that was written fails. Call redis_link_process afterwards. */
int redis_link_send(redis_link *link, int argc, const char **argv, const size_t *argvlen, uint64_t tag,
                    int64_t deadline_us);

/* The words of one command. */
typedef struct redis_words {
    int argc;
    const char **argv;
    const size_t *lens;
} redis_words;

/* The same of several as one transaction; MULTI and EXEC go without saying. Its reply is that of EXEC, or, when one of
 * them was refused and so all were, the error which that one got. When MULTI itself is refused, the connection is
 * destroyed: it fails, and may have been applied. */
int redis_link_send_all(redis_link *link, const redis_words *commands, size_t count, uint64_t tag, int64_t deadline_us);

/* From within `reply`: the reply is the caller's from then on, who frees it with freeReplyObject. */
void redis_link_keep(redis_link *link);

/* From within `reply`: that reply makes no sense. When `reply` returns, its connection is destroyed, as after a reply
 * that cannot be parsed. */
void redis_link_distrust(redis_link *link);

/* Connects, writes, reads, tells: as far as it goes without waiting. To be called after redis_link_new and
 * redis_link_send, when the descriptor is readable, and when the deadline has come. */
void redis_link_process(redis_link *link, const redis_link_events *events);

/* Readable (poll, or as part of another epoll set) when redis_link_process should be called. Constant. */
int redis_link_fd(const redis_link *link);

/* boot_us at which redis_link_process wants to be called; INT64_MAX: never. May be in the past. */
int64_t redis_link_deadline_us(const redis_link *link);

bool redis_link_is_up(const redis_link *link);
/* Commands without a reply: waiting or written. */
size_t redis_link_pending(const redis_link *link);
/* Why it is not up: one line that names the server; "" when it is up, or nothing has gone wrong yet. */
const char *redis_link_why(const redis_link *link);
/* "127.0.0.1:6379/0", for messages. Never has the password in it. */
const char *redis_link_name(const redis_link *link);

#endif
