#include "backends/redis/fail.h"

#include <stdarg.h>
#include <stdio.h>

int redis_fail(allot_error *ret_error, int code, const char *format, ...)
{
    if (ret_error == NULL)
        return code;
    va_list args;
    va_start(args, format);
    vsnprintf(ret_error->message, sizeof(ret_error->message), format, args);
    va_end(args);
    ret_error->code = code;
    return code;
}
