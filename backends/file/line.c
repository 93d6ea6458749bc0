/* Lines and the header: text only, no files. */
#include "backends/file/journal.h"
#include "backends/file/text.h"
#include "base/uuid_text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static const char magic[] = "allot-journal ";

static void write_hex(char text[16], uint64_t value)
{
    for (int i = 15; i >= 0; i--) {
        text[i] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
}

int file_line_begin(bytes *out, size_t *ret_start)
{
    static const char blank[FILE_SEAL_BYTES] = {0};
    size_t start = out->len;
    if (bytes_append(out, blank, sizeof(blank)) != 0)
        return -1;
    *ret_start = start;
    return 0;
}

int file_line_seal(bytes *out, size_t start, uint64_t *chain)
{
    assert(start + FILE_SEAL_BYTES <= out->len);
    if (bytes_append(out, "\n", 1) != 0)
        return -1;
    char *content = out->data + start + FILE_SEAL_BYTES;
    uint64_t sum = XXH3_64bits_withSeed(content, (size_t)(out->data + out->len - 1 - content), *chain);
    write_hex(out->data + start, sum);
    content[-1] = ' ';
    *chain = sum;
    return 0;
}

bool file_line_check(const char *line, size_t len, uint64_t *chain)
{
    char seal[FILE_SEAL_BYTES];
    if (len < FILE_SEAL_BYTES)
        return false;
    uint64_t sum = XXH3_64bits_withSeed(line + FILE_SEAL_BYTES, len - FILE_SEAL_BYTES, *chain);
    write_hex(seal, sum);
    seal[FILE_SEAL_BYTES - 1] = ' ';
    if (memcmp(line, seal, sizeof(seal)) != 0)
        return false;
    *chain = sum;
    return true;
}

int file_header_write(const file_journal_header *header, bytes *out)
{
    char boot[ALLOT_UUID_TEXT_BYTES];
    size_t start;
    uint64_t chain = 0;
    uuid_to_text(&header->boot, boot);
    if (file_line_begin(out, &start) != 0 ||
        bytes_printf(out, "%s%u name %020llu generation %020llu boot %s chain %020llu from %020lld records %020lld",
                     magic, FILE_JOURNAL_FORMAT, (unsigned long long)header->name,
                     (unsigned long long)header->generation, boot, (unsigned long long)header->chain,
                     (long long)header->from, (long long)header->records_at) != 0)
        return -1;
    return file_line_seal(out, start, &chain);
}

size_t file_header_len(void)
{
    return FILE_SEAL_BYTES + sizeof(magic) - 1 + 1 + sizeof(" name  generation  boot  chain  from  records ") - 1 +
           5 * 20 + ALLOT_UUID_TEXT_BYTES - 1 + 1;
}

static void expect(file_reader *r, const char *word)
{
    allot_bytes found = file_take(r);
    if (r->bad || found.len != strlen(word) || memcmp(found.data, word, found.len) != 0)
        r->bad = true;
}

static void read_fields(file_reader *r, file_journal_header *header)
{
    expect(r, "name");
    header->name = file_take_u64(r);
    expect(r, "generation");
    header->generation = file_take_u64(r);
    expect(r, "boot");
    header->boot = file_take_uuid(r);
    expect(r, "chain");
    header->chain = file_take_u64(r);
    expect(r, "from");
    header->from = file_take_i64(r);
    expect(r, "records");
    header->records_at = file_take_i64(r);
}

int file_header_read(const char *text, size_t len, file_journal_header *ret_header, allot_error *ret_error)
{
    char line[512];
    uint64_t chain = 0;
    size_t begins = FILE_SEAL_BYTES + sizeof(magic) - 1;
    const char *newline = len == 0 ? NULL : memchr(text, '\n', len < sizeof(line) ? len : sizeof(line));
    if (newline == NULL || (size_t)(newline - text) < begins ||
        memcmp(text + FILE_SEAL_BYTES, magic, sizeof(magic) - 1) != 0)
        return file_error(ret_error, ALLOT_E_DAMAGED, "its first line is not the header of a journal");
    size_t line_len = (size_t)(newline - text);
    memcpy(line, text, line_len);
    file_reader r = file_reader_of(line + begins, line_len - begins);
    uint64_t format = file_take_u64(&r);
    if (!r.bad && format > FILE_JOURNAL_FORMAT)
        return file_error(ret_error, ALLOT_E_FORMAT,
                          "has format %llu, this version knows format %u; use a newer version",
                          (unsigned long long)format, FILE_JOURNAL_FORMAT);
    if (!r.bad && format > 0 && format < FILE_JOURNAL_FORMAT)
        return file_error(ret_error, ALLOT_E_FORMAT,
                          "has format %llu, which only an earlier version knows; this one knows format %u. Empty the "
                          "group with that version, and remove its directory",
                          (unsigned long long)format, FILE_JOURNAL_FORMAT);
    file_journal_header header;
    read_fields(&r, &header);
    if (r.bad || r.at != NULL || format == 0 || !file_line_check(text, line_len, &chain) ||
        header.records_at < (int64_t)line_len + 1 || header.from < 0)
        return file_error(ret_error, ALLOT_E_DAMAGED, "its header does not match its checksum");
    *ret_header = header;
    return 0;
}

uint64_t file_header_snapshot_chain(const file_journal_header *header)
{
    return header->name ^ (header->generation * UINT64_C(0x9e3779b97f4a7c15));
}
