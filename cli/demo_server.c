#include "cli/demo_server.h"

#include "cli/exits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOCKET_NAME "redis.socket"
#define START_LIMIT_MS 10000
#define LOOK_EVERY_MS 10
#define NO_PROGRAM 127

/* redis-server, or what the environment names instead: a server of another version, or Valkey. */
static const char *program(void)
{
    const char *named = getenv("REDIS_SERVER");
    return named != NULL && *named != '\0' ? named : "redis-server";
}

/* The program as it can still be started from another directory. */
static void find_program(char *ret_path, size_t size)
{
    char here[PATH_MAX];
    bool is_relative = program()[0] != '/' && strchr(program(), '/') != NULL;
    if (is_relative && getcwd(here, sizeof(here)) != NULL)
        snprintf(ret_path, size, "%s/%s", here, program());
    else
        snprintf(ret_path, size, "%s", program());
}

static void become_server(const char *directory, pid_t parent)
{
    char path[2 * PATH_MAX];
    const char *const arguments[] = {path, "--port", "0",        "--unixsocket", SOCKET_NAME, "--dir",
                                     ".",  "--save", "",         "--appendonly", "no",        NULL};
    sigset_t none;
    find_program(path, sizeof(path));
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int log = -1;
    if (getppid() == parent && chdir(directory) == 0)
        log = open("redis.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (log >= 0 && dup2(log, STDOUT_FILENO) >= 0 && dup2(log, STDERR_FILENO) >= 0)
        execvp(path, (char *const *)arguments);
    _exit(NO_PROGRAM);
}

static int can_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    strcpy(address.sun_path, path); /* its length was checked */
    int connected = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return connected;
}

static int wait_until_there(demo_server *server, const char *path, const char *directory)
{
    for (int waited_ms = 0; waited_ms < START_LIMIT_MS; waited_ms += LOOK_EVERY_MS) {
        int status;
        if (can_connect(path))
            return CODE_OK;
        if (waitpid(server->pid, &status, WNOHANG) == server->pid) {
            server->pid = 0;
            if (WIFEXITED(status) && WEXITSTATUS(status) == NO_PROGRAM)
                return fail(CODE_FAILED, "%s could not be started; is it installed? (REDIS_SERVER names the program)",
                            program());
            return fail(CODE_FAILED, "%s ended by itself; with --keep, %s/redis.log says why", program(), directory);
        }
        poll(NULL, 0, LOOK_EVERY_MS);
    }
    return fail(CODE_TIMED_OUT, "waited %d ms for %s", START_LIMIT_MS, program());
}

int demo_server_start(demo_server *server, const char *directory)
{
    struct sockaddr_un address;
    char path[sizeof(address.sun_path)];
    int len = snprintf(path, sizeof(path), "%s/" SOCKET_NAME, directory);
    if (len < 0 || (size_t)len >= sizeof(path))
        return fail(CODE_FAILED, "%s is too long a name for a socket: set TMPDIR to another directory", directory);
    snprintf(server->url, sizeof(server->url), "unix://%s", path);
    pid_t parent = getpid();
    server->pid = fork();
    if (server->pid == 0)
        become_server(directory, parent);
    if (server->pid < 0) {
        server->pid = 0;
        return fail(CODE_FAILED, "cannot start %s: %s", program(), strerror(errno));
    }
    return wait_until_there(server, path, directory);
}

void demo_server_stop(demo_server *server)
{
    if (server->pid == 0)
        return;
    kill(server->pid, SIGKILL);
    while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    server->pid = 0;
}
