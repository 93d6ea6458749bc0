#include "cli/style.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool wanted(int fd)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return (no_color == NULL || no_color[0] == '\0') && term != NULL && strcmp(term, "dumb") != 0 && isatty(fd);
}

style style_of(int fd)
{
    if (!wanted(fd))
        return (style){false, "", "", "", "", "", "", "", "", ""};
    return (style){true,       "\033[1m",  "\033[2m",  "\033[31m", "\033[32m",
                   "\033[33m", "\033[34m", "\033[35m", "\033[36m", "\033[0m"};
}
