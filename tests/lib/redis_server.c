#include "tests/lib/redis_server.h"

#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORDS_MAX = 64, START_LIMIT_MS = 20000 };

struct redis_server {
    char dir[80];
    char socket[100];
    const char *words[WORDS_MAX]; /* its command line */
    unsigned word_count;
    pid_t pid; /* 0: it is down */
    int told;  /* the connection of redis_server_tell; -1: none */
    bytes answer;
};

static void show_log(const redis_server *s)
{
    char path[128], line[256];
    snprintf(path, sizeof(path), "%s/log", s->dir);
    FILE *log = fopen(path, "re");
    while (log != NULL && fgets(line, sizeof(line), log) != NULL)
        fprintf(stderr, "    %s", line);
    if (log != NULL)
        fclose(log);
}

static void __attribute__((noreturn)) give_up(const redis_server *s, const char *what)
{
    fprintf(stderr, "redis-server: %s (%s)\n", what, strerror(errno));
    show_log(s);
    abort();
}

/* redis-server, or what the environment names instead: a server of another version, or Valkey. */
static const char *program(void)
{
    const char *named = getenv("REDIS_SERVER");
    return named != NULL && *named != '\0' ? named : "redis-server";
}

bool redis_server_is_installed(void)
{
    const char *path = getenv("PATH");
    char name[512];
    if (strchr(program(), '/') != NULL)
        return access(program(), X_OK) == 0;
    while (path != NULL && *path != '\0') {
        size_t len = strcspn(path, ":");
        snprintf(name, sizeof(name), "%.*s/%s", (int)len, path, program());
        if (access(name, X_OK) == 0)
            return true;
        path += len + (path[len] == ':');
    }
    return false;
}

/* ---- Talking to it ---------------------------------------------------------------------------------------------- */

static int dial(const redis_server *s)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", s->socket);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool say(int fd, const char *format, va_list args)
{
    char line[4096];
    int len = vsnprintf(line, sizeof(line) - 2, format, args);
    if (len < 0 || (size_t)len > sizeof(line) - 3)
        return false;
    memcpy(line + len, "\r\n", 3);
    return send(fd, line, (size_t)len + 2, MSG_NOSIGNAL) == len + 2;
}

/* Reads one byte after the other: an answer is short, or tests are slow. */
static bool read_line(int fd, bytes *line)
{
    char c = '\0';
    bytes_clear(line);
    while (read(fd, &c, 1) == 1) {
        if (c == '\n')
            return line->len > 0 && bytes_append(line, "", 1) == 0;
        if (c != '\r' && bytes_append(line, &c, 1) != 0)
            return false;
    }
    return false;
}

static bool read_string(int fd, bytes *answer, size_t len)
{
    bytes_clear(answer);
    if (bytes_reserve(answer, len + 1) != 0)
        return false;
    while (answer->len < len) {
        ssize_t n = read(fd, answer->data + answer->len, len - answer->len);
        if (n <= 0)
            return false;
        answer->len += (size_t)n;
    }
    answer->data[len] = '\0';
    return true;
}

/* The text of one answer in s->answer. */
static bool hear(redis_server *s, int fd)
{
    bytes *a = &s->answer;
    do {
        if (!read_line(fd, a))
            return false;
    } while (a->data[0] == '*' && atol(a->data + 1) > 0);
    if (a->data[0] == '$' && atol(a->data + 1) >= 0)
        return read_string(fd, a, (size_t)atol(a->data + 1));
    if (a->data[0] == '$' || a->data[0] == '*')
        a->data[0] = '\0';
    else if (a->data[0] != '-')
        memmove(a->data, a->data + 1, a->len - 1);
    return true;
}

const char *redis_server_ask(redis_server *s, const char *format, ...)
{
    va_list args;
    int fd = dial(s);
    if (fd < 0)
        give_up(s, "no connection");
    va_start(args, format);
    bool done = say(fd, format, args) && hear(s, fd);
    va_end(args);
    close(fd);
    if (!done)
        give_up(s, format);
    return s->answer.data;
}

void redis_server_tell(redis_server *s, const char *format, ...)
{
    va_list args;
    if (s->told >= 0)
        close(s->told);
    s->told = dial(s);
    va_start(args, format);
    if (s->told < 0 || !say(s->told, format, args))
        give_up(s, format);
    va_end(args);
}

long long redis_server_info(redis_server *s, const char *section, const char *key)
{
    char line[128];
    snprintf(line, sizeof(line), "\n%s:", key);
    const char *at = strstr(redis_server_ask(s, "INFO %s", section), line);
    if (at == NULL)
        give_up(s, key);
    return atoll(at + strlen(line));
}

long long redis_server_calls(redis_server *s, const char *command)
{
    char line[128];
    snprintf(line, sizeof(line), "\ncmdstat_%s:calls=", command);
    const char *at = strstr(redis_server_ask(s, "INFO commandstats"), line);
    return at != NULL ? atoll(at + strlen(line)) : 0;
}

/* ---- Starting and ending ---------------------------------------------------------------------------------------- */

static void __attribute__((noreturn)) become(const redis_server *s, pid_t parent)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/log", s->dir);
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (log < 0 || null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0 || getppid() != parent)
        _exit(127);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(s->words[0], (char *const *)s->words);
    _exit(127);
}

/* Accepts connections and, if it has to, answers. */
static bool is_there(redis_server *s, bool answering)
{
    int fd = dial(s);
    if (fd < 0)
        return false;
    bool is = !answering || (send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 && hear(s, fd) &&
                             strncmp(s->answer.data, "-LOADING", 8) != 0);
    close(fd);
    return is;
}

static void begin(redis_server *s, bool answering)
{
    pid_t parent = getpid();
    unlink(s->socket);
    s->pid = fork();
    if (s->pid < 0)
        give_up(s, "fork");
    if (s->pid == 0)
        become(s, parent);
    for (int waited_ms = 0; !is_there(s, answering); waited_ms += 2) {
        if (waitpid(s->pid, NULL, WNOHANG) != 0)
            give_up(s, "it ended while it started");
        if (waited_ms > START_LIMIT_MS)
            give_up(s, "it does not answer");
        poll(NULL, 0, 2);
    }
}

static void add_word(redis_server *s, const char *word)
{
    if (s->word_count + 1 == WORDS_MAX)
        give_up(s, "too many options");
    s->words[s->word_count++] = word;
}

redis_server *redis_server_start(const char *const *options)
{
    const char *base = getenv("TMPDIR");
    redis_server *s = calloc(1, sizeof(*s));
    if (s == NULL)
        abort();
    s->told = -1;
    snprintf(s->dir, sizeof(s->dir), "%s/allot-redis-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(s->dir) == NULL)
        give_up(s, s->dir);
    snprintf(s->socket, sizeof(s->socket), "%s/socket", s->dir);
    const char *const usual[] = {program(), "--port", "0", "--unixsocket", s->socket, "--dir", s->dir,
                                 "--save", "", "--appendonly", "no", "--daemonize", "no",
                                 "--enable-debug-command", "yes", NULL};
    for (size_t i = 0; usual[i] != NULL; i++)
        add_word(s, usual[i]);
    for (size_t i = 0; options != NULL && options[i] != NULL; i++)
        add_word(s, options[i]);
    begin(s, true);
    return s;
}

void redis_server_kill(redis_server *s)
{
    if (s->pid == 0)
        return;
    kill(s->pid, SIGKILL);
    if (waitpid(s->pid, NULL, 0) != s->pid)
        give_up(s, "waitpid");
    s->pid = 0;
    if (s->told >= 0)
        close(s->told);
    s->told = -1;
}

void redis_server_again(redis_server *s)
{
    redis_server_kill(s);
    begin(s, true);
}

void redis_server_again_loading(redis_server *s)
{
    redis_server_kill(s);
    begin(s, false);
}

bool redis_server_is_down(const redis_server *s)
{
    return s->pid == 0;
}

void redis_server_stop(redis_server *s)
{
    int status;
    kill(s->pid, SIGSTOP);
    if (waitpid(s->pid, &status, WUNTRACED) != s->pid || !WIFSTOPPED(status))
        give_up(s, "it does not stop");
}

void redis_server_cont(redis_server *s)
{
    kill(s->pid, SIGCONT);
}

static int remove_one(const char *name, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(name) == 0 || errno == ENOENT ? 0 : -1; /* a child that saves may still move its file */
}

void redis_server_free(redis_server *s)
{
    if (s == NULL)
        return;
    redis_server_kill(s);
    for (int i = 0; i < 100 && nftw(s->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0; i++)
        poll(NULL, 0, 5);
    bytes_done(&s->answer);
    free(s);
}

const char *redis_server_socket(const redis_server *s)
{
    return s->socket;
}

pid_t redis_server_pid(const redis_server *s)
{
    return s->pid;
}
