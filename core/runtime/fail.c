#include "core/runtime/fail.h"

#include <stdarg.h>
#include <stdio.h>

int fail(allot_error *ret_error, int code, const char *format, ...)
{
    if (ret_error == NULL)
        return code;
    ret_error->code = code;
    va_list args;
    va_start(args, format);
    vsnprintf(ret_error->message, sizeof(ret_error->message), format, args);
    va_end(args);
    return code;
}

int fail_plainly(allot_error *ret_error, int code)
{
    return fail(ret_error, code, "%s", allot_code_text(code));
}
