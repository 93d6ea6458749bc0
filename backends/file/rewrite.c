/* Compaction. The snapshot is taken of the copy as it stands and written without the mutex, a piece at a time, so that
 * beats go on; under the mutex only the records that came meanwhile are copied behind it, and the file is renamed. */
#include "backends/file/handle.h"

#include <stdio.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)1 << 20)

/* How long a journal may become before it is rewritten. */
static int64_t limit_of(const allot_backend *b)
{
    int64_t four_snapshots = 4 * b->state.journal.header.records_at;
    return four_snapshots > b->compact_above ? four_snapshots : b->compact_above;
}

void file_rewrite_consider(allot_backend *b, int64_t before)
{
    int64_t limit = limit_of(b);
    int64_t step = limit / 4 > 0 ? limit / 4 : 1;
    int64_t after = b->state.journal.at;
    if (after > limit && before / step != after / step)
        b->rewrite_due = true;
}

static void give_up(allot_backend *b, const allot_error *why)
{
    char text[sizeof(why->message) + 64];
    snprintf(text, sizeof(text), "the journal could not be compacted: %s", why->message);
    file_note(b, text);
    file_image_drop(&b->rewrite, &b->place);
}

static int begin(allot_backend *b, allot_error *ret_error)
{
    const file_journal *j = &b->state.journal;
    file_journal_header header = {.name = j->header.name,
                                  .generation = j->header.generation + 1,
                                  .boot = b->state.boot,
                                  .chain = j->chain,
                                  .from = j->at};
    b->rewrite_due = false;
    b->rewrite_load = b->state.loads;
    return file_image_begin(&b->rewrite, &b->place, b->state.store, &header, ret_error);
}

void file_rewrite_step(allot_backend *b)
{
    allot_error why = {0};
    bool running = b->rewrite.fd >= 0;
    if (b->read_only || b->state.store == NULL || b->state.fresh || (!running && !b->rewrite_due))
        return;
    if (running && file_image_is_written(&b->rewrite))
        return;
    int rc = running ? 0 : begin(b, &why);
    if (rc == 0)
        rc = file_image_write(&b->rewrite, &b->place, PIECE_BYTES, &why);
    if (rc != 0)
        give_up(b, &why);
}

bool file_rewrite_is_ready(const allot_backend *b)
{
    return b->rewrite.fd >= 0 && file_image_is_written(&b->rewrite);
}

/* Puts the written image in the journal's place. */
static int finish(allot_backend *b, allot_error *ret_error)
{
    int fd;
    const file_journal_header *now = &b->state.journal.header;
    file_journal_header header = b->rewrite.header;
    bool overtaken = now->name != header.name || now->generation + 1 != header.generation;
    /* Another replica was faster, or the file was put back: what the image says is not what came before. */
    if (overtaken || b->rewrite_load != b->state.loads) {
        file_image_drop(&b->rewrite, &b->place);
        return 0;
    }
    int rc = file_image_publish(&b->rewrite, &b->place, &b->state.journal, &fd, ret_error);
    return rc == 0 ? file_state_move(&b->state, &b->place, fd, &header, ret_error) : rc;
}

void file_rewrite_finish(allot_backend *b)
{
    allot_error why = {0};
    if (finish(b, &why) != 0)
        give_up(b, &why);
}

int file_rewrite_now(allot_backend *b, allot_error *ret_error)
{
    file_image_drop(&b->rewrite, &b->place);
    int rc = begin(b, ret_error);
    if (rc == 0)
        rc = file_image_write(&b->rewrite, &b->place, SIZE_MAX, ret_error);
    if (rc == 0)
        rc = finish(b, ret_error);
    file_image_drop(&b->rewrite, &b->place);
    return rc;
}
