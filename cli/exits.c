#include "cli/exits.h"

#include "cli/style.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const exit_meaning meanings[] = {
    {CODE_OK, "ok"},
    {CODE_FAILED, "failed"},
    {CODE_USAGE, "wrong usage; verify: no verdict"},
    {CODE_NOT_FOUND, "no leader, not found"},
    {CODE_TIMED_OUT, "timed out"},
    {CODE_UNREACHABLE, "store not reachable"},
    {CODE_LEASE_LOST, "lease lost"},
    {CODE_CONFIG, "bad configuration, or a module was refused"},
    {CODE_NOW, "run: ended by a second signal, without leaving"},
};

const exit_meaning *exit_meaning_at(size_t index)
{
    return index < sizeof(meanings) / sizeof(meanings[0]) ? &meanings[index] : NULL;
}

__attribute__((format(printf, 3, 0))) static void say(const char *word, const char *colour, const char *format,
                                                      va_list args)
{
    char text[1024];
    vsnprintf(text, sizeof(text), format, args);
    dprintf(STDERR_FILENO, "%s%s:%s %s\n", colour, word, style_of(STDERR_FILENO).off, text);
}

int fail(int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say("error", style_of(STDERR_FILENO).red, format, args);
    va_end(args);
    return code;
}

void inform(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say("note", style_of(STDERR_FILENO).cyan, format, args);
    va_end(args);
}

void warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say("warning", style_of(STDERR_FILENO).yellow, format, args);
    va_end(args);
}

static int exit_code(int code)
{
    switch (code) {
    case ALLOT_E_NOT_FOUND:
        return CODE_NOT_FOUND;
    case ALLOT_E_UNAVAILABLE:
    case ALLOT_E_UNKNOWN:
    case ALLOT_E_TIMEOUT:
        return CODE_UNREACHABLE;
    case ALLOT_E_FENCED:
        return CODE_LEASE_LOST;
    default:
        return CODE_FAILED;
    }
}

int fail_allot(int code, const allot_error *error)
{
    const char *text = error->code != 0 && error->message[0] != '\0' ? error->message : allot_code_text(code);
    if (code == ALLOT_E_NOT_FOUND && strstr(text, "no group here") == NULL)
        return fail(exit_code(code), "no group here: %s", text);
    return fail(exit_code(code), "%s", text);
}

int fail_open(int code, const allot_error *error)
{
    switch (code) {
    case ALLOT_E_INVALID:
    case ALLOT_E_LIMIT:
    case ALLOT_E_PLACE:
    case ALLOT_E_MODULE:
        return fail(CODE_CONFIG, "%s", error->message[0] != '\0' ? error->message : allot_code_text(code));
    default:
        return fail_allot(code, error);
    }
}
