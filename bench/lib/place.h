/* place.h - a store to measure on: this process's memory, a directory, a redis-server of its own. */
#ifndef BENCH_PLACE_H
#define BENCH_PLACE_H

#include <allot/allot.h>
#include <allot/backend.h>

struct redis_server;

typedef enum place_kind { PLACE_MEMORY = 0, PLACE_FILE, PLACE_REDIS, PLACE_KINDS } place_kind;

typedef struct place {
    place_kind kind;
    const allot_backend_ops *ops;
    char dir[96];        /* of its own: file and redis */
    char filesystem[32]; /* what `dir` is on; "" in memory */
    allot_memory *memory;
    struct redis_server *server;
    const char *socket; /* the server's */
    char value[160];    /* of the only option */
    allot_option option;
} place;

const char *place_name(place_kind kind);
/* False where it cannot be measured: no hiredis was built in, no redis-server installed. */
bool place_is_there(place_kind kind);

void place_open(place *p, place_kind kind);
/* Ends the server, removes the directory. */
void place_close(place *p);
/* Empties it. No handle may be open. */
void place_renew(place *p);
/* Sets up the options that lead there; the rest are the defaults. The place has to outlive them. */
void place_options(place *p, allot_options *ret_options);
/* CPU time that the server has used, in ns; 0 where there is none. */
double place_server_cpu_ns(const place *p);
/* "Redis 7.0.15 on a Unix socket", "file on ext4", "memory". */
void place_describe(const place *p, char *ret_text, unsigned bytes);

#endif
