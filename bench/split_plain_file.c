#include "bench/lib/bench.h"
#include "bench/split_plain.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Nothing is synced here, as in a split of allot under its default policy: only what changes the pool is. */

static void write_all(int fd, const char *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t n = write(fd, data, bytes);
        if (n <= 0)
            bench_fail("write");
        data += n;
        bytes -= (size_t)n;
    }
}

static char *read_range(int fd, size_t from, size_t bytes)
{
    char *data = malloc(bytes + 1);
    BENCH_MUST(data != NULL);
    for (size_t done = 0; done < bytes;) {
        ssize_t n = pread(fd, data + done, bytes - done, (off_t)(from + done));
        if (n <= 0)
            bench_fail("pread");
        done += (size_t)n;
    }
    return data;
}

static int open_at(const char *dir, const char *name, uint32_t number, int flags)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/%s%u", dir, name, number);
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd < 0)
        bench_fail("%s", path);
    return fd;
}

static int write_inbox(const char *dir, const ids *all)
{
    int fd = open_at(dir, "inbox", 0, O_RDWR | O_CREAT | O_TRUNC);
    write_all(fd, all->text, all->count * LINE_BYTES);
    if (fdatasync(fd) != 0)
        bench_fail("fdatasync");
    return fd;
}

int64_t plain_blobs_file(const char *dir, uint32_t slots, ids *all)
{
    piles s;
    size_t bytes = all->count * LINE_BYTES;
    int inbox = write_inbox(dir, all);
    int64_t start_ns = bench_now_ns();
    char *text = read_range(inbox, 0, bytes);
    piles_init(&s, slots, bytes);
    piles_deal(&s, text, bytes);
    for (uint32_t i = 0; i < slots; i++) {
        int fd = open_at(dir, "share", i, O_WRONLY | O_CREAT | O_TRUNC);
        write_all(fd, s.text[i], s.bytes[i]);
        close(fd);
    }
    for (uint32_t i = 0; i < slots; i++) {
        struct stat st;
        int fd = open_at(dir, "share", i, O_RDONLY);
        BENCH_MUST(fstat(fd, &st) == 0);
        char *mine = read_range(fd, 0, (size_t)st.st_size);
        ids_got_lines(all, i, mine, (size_t)st.st_size);
        free(mine);
        close(fd);
    }
    int64_t took_ns = bench_now_ns() - start_ns;
    free(text);
    piles_done(&s);
    close(inbox);
    return took_ns;
}

/* The published intervals: one record a slot in one file. */
int64_t plain_intervals_file(const char *dir, uint32_t slots, ids *all)
{
    int inbox = write_inbox(dir, all);
    interval *cut = bench_alloc(slots, sizeof(cut[0]));
    int64_t start_ns = bench_now_ns();
    for (uint32_t i = 0; i < slots; i++)
        cut[i] = interval_of(all->count, slots, i);
    int split = open_at(dir, "split", 0, O_RDWR | O_CREAT | O_TRUNC);
    write_all(split, (const char *)cut, slots * sizeof(cut[0]));
    for (uint32_t i = 0; i < slots; i++) {
        char *own = read_range(split, i * sizeof(cut[0]), sizeof(cut[0]));
        const interval *at = (const void *)own;
        char *mine = read_range(inbox, at->from, at->bytes);
        ids_got_lines(all, i, mine, at->bytes);
        free(mine);
        free(own);
    }
    int64_t took_ns = bench_now_ns() - start_ns;
    free(cut);
    close(split);
    close(inbox);
    return took_ns;
}
