#include "cli/demo_server.h"

#include "cli/exits.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
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

static void become_server(const char *directory, pid_t parent)
{
    const char *const arguments[] = {
        "redis-server", "--port", "0", "--unixsocket", SOCKET_NAME, "--dir", ".", "--save", "",
        "--appendonly", "no",     NULL};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int log = -1;
    if (getppid() == parent && chdir(directory) == 0)
        log = open("redis.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (log >= 0 && dup2(log, STDOUT_FILENO) >= 0 && dup2(log, STDERR_FILENO) >= 0)
        execvp("redis-server", (char *const *)arguments);
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
                return fail(CODE_FAILED, "redis-server could not be started; is it installed?");
            return fail(CODE_FAILED, "redis-server ended by itself; with --keep, %s/redis.log says why", directory);
        }
        poll(NULL, 0, LOOK_EVERY_MS);
    }
    return fail(CODE_TIMED_OUT, "waited %d ms for redis-server", START_LIMIT_MS);
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
        return fail(CODE_FAILED, "cannot start redis-server: %s", strerror(errno));
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
