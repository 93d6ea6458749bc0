#include "cli/stopper.h"

#include "cli/exits.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

static sigset_t watched_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
}

void stopper_block(void)
{
    sigset_t set = watched_signals();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void stopper_stop(stopper *s)
{
    if (atomic_exchange(&s->stopping, true))
        return;
    allot_drain(s->node);
    eventfd_write(s->stopped_fd, 1);
}

void stopper_take_reload(stopper *s)
{
    eventfd_t count;
    eventfd_read(s->reload_fd, &count);
}

bool stopper_is_stopping(const stopper *s)
{
    return atomic_load(&s->stopping);
}

static void on_signal(stopper *s)
{
    struct signalfd_siginfo info;
    if (read(s->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    if (info.ssi_signo == SIGHUP && !s->hangup_stops) {
        eventfd_write(s->reload_fd, 1);
        return;
    }
    if (stopper_is_stopping(s))
        _exit(CODE_NOW);
    stopper_stop(s);
}

static void *watch(void *user)
{
    stopper *s = user;
    struct pollfd fds[] = {{.fd = s->signal_fd, .events = POLLIN}, {.fd = s->end_fd, .events = POLLIN}};
    while (fds[1].revents == 0) {
        if (poll(fds, 2, -1) > 0 && fds[0].revents != 0)
            on_signal(s);
    }
    return NULL;
}

static void close_fds(const stopper *s)
{
    const int fds[] = {s->signal_fd, s->stopped_fd, s->reload_fd, s->end_fd};
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
}

int stopper_start(stopper *s, allot_node *node, bool hangup_stops)
{
    sigset_t set = watched_signals();
    s->node = node;
    s->hangup_stops = hangup_stops;
    atomic_init(&s->stopping, false);
    s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    s->stopped_fd = eventfd(0, EFD_CLOEXEC);
    s->reload_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->end_fd = eventfd(0, EFD_CLOEXEC);
    bool open = s->signal_fd >= 0 && s->stopped_fd >= 0 && s->reload_fd >= 0 && s->end_fd >= 0;
    int error = open ? 0 : errno;
    if (error == 0)
        error = pthread_create(&s->thread, NULL, watch, s);
    if (error == 0)
        return CODE_OK;
    close_fds(s);
    return fail(CODE_FAILED, "cannot wait for signals: %s", strerror(error));
}

void stopper_end(stopper *s)
{
    eventfd_write(s->end_fd, 1);
    pthread_join(s->thread, NULL);
    close_fds(s);
}
