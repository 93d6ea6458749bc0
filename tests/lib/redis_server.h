/* redis_server.h - a real redis-server for one test: in a directory of its own, on a Unix socket, without a port.
 *
 * $REDIS_SERVER names another program in place of redis-server (valkey-server, say).
 * It dies with the thread that started it. What goes wrong here ends the process with a message and the server's log.
 * Threads: one at a time. */
#ifndef TESTS_REDIS_SERVER_H
#define TESTS_REDIS_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct redis_server redis_server;

bool redis_server_is_installed(void);

/* Starts one and waits until it answers. `options` are those of its command line, ended by NULL; or NULL. It keeps
 * nothing (no RDB, no AOF) unless they say so. The caller's, for redis_server_free. */
redis_server *redis_server_start(const char *const *options);
/* Kills, removes its directory, frees. Takes NULL. */
void redis_server_free(redis_server *s);

/* The path of its socket, for as long as it lives. */
const char *redis_server_socket(const redis_server *s);
pid_t redis_server_pid(const redis_server *s);

/* kill -9; returns when it is gone. */
void redis_server_kill(redis_server *s);
/* Starts it again on what it has written; waits until it answers (the second: until it accepts connections). */
void redis_server_again(redis_server *s);
void redis_server_again_loading(redis_server *s);
/* Whether it was killed. */
bool redis_server_is_down(const redis_server *s);

/* SIGSTOP; returns when it has stopped. SIGCONT. */
void redis_server_stop(redis_server *s);
void redis_server_cont(redis_server *s);

/* Says one command (words with spaces in double quotes) on a connection of its own, and returns the answer's text: a
 * status, an error with its '-', a number, a string, "" for nil; the first element of an array. Valid until the next
 * one, or redis_server_free. */
const char *redis_server_ask(redis_server *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same without waiting for the answer: for commands that take long. */
void redis_server_tell(redis_server *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The number behind "key:" in INFO. */
long long redis_server_info(redis_server *s, const char *section, const char *key);
/* How often a command (lower case) was called, by INFO commandstats. */
long long redis_server_calls(redis_server *s, const char *command);

#endif
