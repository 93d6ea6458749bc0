#include "config/inside.h"

#include <stdlib.h>
#include <string.h>

struct text_block {
    text_block *next;
    char text[];
};

static char *new_text(config_inside *in, size_t size)
{
    text_block *block = malloc(sizeof(*block) + size);
    if (block == NULL)
        return NULL;
    block->next = in->texts;
    in->texts = block;
    return block->text;
}

const char *inside_copy(config_inside *in, const char *text, size_t len)
{
    char *copy = new_text(in, len + 1);
    if (copy == NULL)
        return NULL;
    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

const char *inside_vprintf(config_inside *in, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *text = len < 0 ? NULL : new_text(in, (size_t)len + 1);
    if (text != NULL)
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}

const char *inside_printf(config_inside *in, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = inside_vprintf(in, format, args);
    va_end(args);
    return text;
}

void inside_free_texts(config_inside *in)
{
    while (in->texts != NULL) {
        text_block *next = in->texts->next;
        free(in->texts);
        in->texts = next;
    }
}
