#include "bench/lib/ids.h"
#include "bench/lib/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* splitmix64: scatters the bits of a counter. */
static uint64_t scatter(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static void write_id(char *at, size_t number)
{
    uint64_t a = scatter(2 * number), b = scatter(2 * number + 1);
    char text[ID_BYTES + 2];
    snprintf(text, sizeof(text), "%08x-%04x-4%03x-%04x-%012llx\n", (unsigned)number, (unsigned)(a & 0xffff),
             (unsigned)(a >> 16 & 0xfff), (unsigned)(0x8000 | (a >> 28 & 0x3fff)),
             (unsigned long long)(b & UINT64_C(0xffffffffffff)));
    memcpy(at, text, LINE_BYTES);
}

void ids_init(ids *all, size_t count)
{
    *all = (ids){.count = count,
                 .text = bench_alloc(count, LINE_BYTES),
                 .added = bench_alloc(count, sizeof(allot_new)),
                 .owner = bench_alloc(count, sizeof(uint32_t))};
    for (size_t i = 0; i < count; i++) {
        write_id(all->text + i * LINE_BYTES, i);
        all->added[i].id = (allot_bytes){all->text + i * LINE_BYTES, ID_BYTES};
    }
}

void ids_done(ids *all)
{
    free(all->text);
    free(all->added);
    free(all->owner);
    *all = (ids){.count = 0};
}

void ids_forget(ids *all)
{
    memset(all->owner, 0, all->count * sizeof(all->owner[0]));
    all->owned = 0;
}

static uint32_t digit(char c)
{
    return (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10) & 15u;
}

void ids_got(ids *all, uint32_t slot, const char *text, size_t len)
{
    uint32_t number = 0;
    if (len != ID_BYTES)
        bench_fail("an id of %zu bytes", len);
    for (int i = 0; i < 8; i++)
        number = number << 4 | digit(text[i]);
    if (number >= all->count || memcmp(all->text + (size_t)number * LINE_BYTES, text, ID_BYTES) != 0)
        bench_fail("nobody added '%.36s'", text);
    if (all->owner[number] != 0)
        bench_fail("slot %u got '%.36s', which slot %u has", slot, text, all->owner[number] - 1);
    all->owner[number] = slot + 1;
    all->owned++;
}

void ids_got_lines(ids *all, uint32_t slot, const char *lines, size_t bytes)
{
    const char *end = lines + bytes;
    while (lines < end) {
        const char *newline = memchr(lines, '\n', (size_t)(end - lines));
        if (newline == NULL)
            bench_fail("a line without an end");
        ids_got(all, slot, lines, (size_t)(newline - lines));
        lines = newline + 1;
    }
}
