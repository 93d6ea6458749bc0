/* demo_server.h - a redis-server of the demo's own: on a Unix socket in its directory, keeping nothing.
 *
 * $REDIS_SERVER names another program in its place. */
#ifndef CLI_DEMO_SERVER_H
#define CLI_DEMO_SERVER_H

#include <sys/types.h>

#define DEMO_URL_BYTES 560

typedef struct demo_server {
    pid_t pid; /* 0: none */
    char url[DEMO_URL_BYTES];
} demo_server;

/* Starts it and waits until it can be connected to. It is killed when this process ends, however it ends. Returns 0, or
 * an exit code after saying why. */
int demo_server_start(demo_server *server, const char *directory);

/* Takes one that was never started, too. */
void demo_server_stop(demo_server *server);

#endif
