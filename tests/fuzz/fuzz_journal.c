/* fuzz_journal.c - any bytes as a group's journal, from the file to the state.
 *
 * The first byte says how the rest becomes a file: as it is; or as the contents of lines, which are sealed as a writer
 * would (nobody guesses a checksum), up to "end N" as the snapshot, with a torn line behind or not.
 *
 * What is refused is told in words that name the file. What is taken keeps what a store promises itself; a torn end is
 * cut off without a change of what was read; and the journal that a compaction writes is read as the same state. */
#include "backends/file/state.h"
#include "tests/fuzz/stores.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AS_IT_IS = 1, TORN = 2, BASE_BYTES = 64 };

static const allot_uuid own_boot = {{1}};

/* ---- A directory in memory --------------------------------------------------------------------------------------- */

typedef struct world {
    char base[BASE_BYTES];
    file_place place;
} world;

static void world_make(world *w)
{
    snprintf(w->base, sizeof(w->base), "%s/allot-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    REQUIRE(mkdtemp(w->base) != NULL);
    file_place_wish wish = {.path = w->base, .group = "g", .create = true, .force = true};
    REQUIRE(file_place_open(&wish, &w->place, NULL) == 0);
}

static void world_remove(world *w)
{
    char group[BASE_BYTES + 4];
    snprintf(group, sizeof(group), "%s/g", w->base);
    REQUIRE(unlinkat(w->place.group, "journal", 0) == 0);
    REQUIRE(unlinkat(w->place.group, "slots", AT_REMOVEDIR) == 0);
    REQUIRE(unlinkat(w->place.group, "bells", AT_REMOVEDIR) == 0);
    file_place_close(&w->place);
    REQUIRE(rmdir(group) == 0 && rmdir(w->base) == 0); /* nothing else was left in it */
}

static void write_journal(const world *w, const void *data, size_t len)
{
    int fd = openat(w->place.group, "journal", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0 && file_write_all(fd, data, len) == 0);
    close(fd);
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

static void put_line(bytes *out, const char *text, size_t len, uint64_t *chain)
{
    size_t start;
    REQUIRE(file_line_begin(out, &start) == 0 && bytes_append(out, text, len) == 0);
    REQUIRE(file_line_seal(out, start, chain) == 0);
}

/* Lines from `*at` on, up to and with the one that begins with `last`. */
static void put_lines(bytes *out, const char **at, const char *end, const char *last, uint64_t chain)
{
    bool is_last = false;
    while (*at < end && !is_last) {
        const char *newline = memchr(*at, '\n', (size_t)(end - *at));
        size_t len = (size_t)((newline != NULL ? newline : end) - *at);
        is_last = last != NULL && len >= strlen(last) && memcmp(*at, last, strlen(last)) == 0;
        put_line(out, *at, len, &chain);
        *at = newline != NULL ? newline + 1 : end;
    }
}

static void write_sealed(const world *w, const char *text, size_t len, bool torn)
{
    bytes file = {0}, body = {0};
    const char *at = text, *end = text + len;
    file_journal_header header = {.name = 7, .generation = 1, .boot = own_boot, .chain = 11};
    put_lines(&body, &at, end, "end ", file_header_snapshot_chain(&header));
    header.records_at = (int64_t)(file_header_len() + body.len);
    put_lines(&body, &at, end, NULL, header.chain);
    REQUIRE(file_header_write(&header, &file) == 0 && file.len == file_header_len());
    REQUIRE(bytes_append(&file, body.data, body.len) == 0);
    if (torn)
        file.len--;
    write_journal(w, file.data, file.len);
    bytes_done(&file);
    bytes_done(&body);
}

/* ---- Reading it -------------------------------------------------------------------------------------------------- */

static void check_refusal(const world *w, int rc, const allot_error *error)
{
    REQUIRE(rc == ALLOT_E_DAMAGED || rc == ALLOT_E_FORMAT || rc == ALLOT_E_PLACE);
    REQUIRE(error->code == rc && strncmp(error->message, w->place.shown, strlen(w->place.shown)) == 0);
}

/* What the journal says, as text. False: refused. */
static bool read_state(const world *w, file_state *state, bool read_only, bytes *text)
{
    allot_error error = {0};
    int rc = file_state_sync(state, &w->place, read_only, &error);
    while (rc == FILE_STATE_BEHIND && (rc = file_state_read_ahead(state, &w->place, &error)) == 0)
        rc = file_state_sync(state, &w->place, read_only, &error);
    if (rc != 0) {
        check_refusal(w, rc, &error);
        return false;
    }
    require_in_order(state->store);
    bytes_clear(text);
    dump(state->store, text);
    return true;
}

static void require_state(const world *w, bool read_only, const bytes *wanted)
{
    file_state state;
    bytes notes = {0}, text = {0};
    struct stat st;
    file_state_init(&state, &own_boot, &notes);
    REQUIRE(read_state(w, &state, read_only, &text));
    REQUIRE(text.len == wanted->len && memcmp(text.data, wanted->data, text.len) == 0);
    REQUIRE(fstatat(w->place.group, "journal", &st, 0) == 0);
    REQUIRE(read_only || st.st_size == state.journal.at); /* what was torn is gone */
    file_state_done(&state);
    bytes_done(&notes);
    bytes_done(&text);
}

static void compact(const world *w, const file_state *state)
{
    file_image image;
    int fd;
    const file_journal *j = &state->journal;
    file_journal_header header = {.name = j->header.name,
                                  .generation = j->header.generation + 1,
                                  .boot = state->boot,
                                  .chain = j->chain,
                                  .from = j->at};
    file_image_init(&image);
    REQUIRE(file_image_begin(&image, &w->place, state->store, &header, NULL) == 0);
    REQUIRE(file_image_write(&image, &w->place, SIZE_MAX, NULL) == 0);
    REQUIRE(file_image_publish(&image, &w->place, j, &fd, NULL) == 0);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, size};
    file_state state;
    bytes notes = {0}, text = {0};
    world w;
    uint8_t how = take(&in);
    world_make(&w);
    if (how & AS_IT_IS)
        write_journal(&w, in.data, in.left);
    else
        write_sealed(&w, (const char *)in.data, in.left, (how & TORN) != 0);
    file_state_init(&state, &own_boot, &notes);
    if (read_state(&w, &state, true, &text)) {
        require_state(&w, false, &text);
        compact(&w, &state);
        require_state(&w, true, &text);
    }
    file_state_done(&state);
    world_remove(&w);
    bytes_done(&notes);
    bytes_done(&text);
    return 0;
}
