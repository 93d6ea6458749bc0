#include "cli/output.h"

#include "cli/exits.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_FLUSH_BYTES ((size_t)1 << 16)

/* A descriptor may have been made non-blocking by whom we share it with. */
static bool wait_writable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    return poll(&p, 1, -1) > 0 || errno == EINTR;
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (!wait_writable(fd))
                return errno;
        } else if (n < 0 && errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

void output_flush(output *out)
{
    if (out->error == 0)
        out->error = write_all(out->fd, out->text.data, out->text.len);
    bytes_clear(&out->text);
}

void output_put(output *out, const void *data, size_t len)
{
    if (out->error != 0)
        return;
    if (bytes_append(&out->text, data, len) != 0)
        out->error = ENOMEM;
    else if (out->text.len >= OUTPUT_FLUSH_BYTES)
        output_flush(out);
}

void output_text(output *out, const char *text)
{
    output_put(out, text, strlen(text));
}

void output_printf(output *out, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (n > 0)
        output_put(out, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

bool output_is_broken(const output *out)
{
    return out->error == EPIPE;
}

int output_end(output *out, int code)
{
    output_flush(out);
    bytes_done(&out->text);
    if (out->error == 0 || out->error == EPIPE)
        return code;
    return fail(code == CODE_OK ? CODE_FAILED : code, "cannot write to %s: %s",
                out->fd == STDOUT_FILENO ? "standard output" : "its output", strerror(out->error));
}
