/* file_journal.c - a journal that was torn, cut, changed, or replaced. */
#include "backends/file/state.h"
#include "tests/unit/file_suites.h"
#include "tests/unit/file_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A group with a leader, some ids, and a few records behind the snapshot. */
static void make_group(file_world *w)
{
    file_world_make(w);
    driver *d = file_world_open(w, NULL);
    file_member a = file_member_joined(w, d);
    ck_assert_int_eq(file_campaign(&a)->outcome.status, ALLOT_STATUS_OK);
    ck_assert_int_eq(file_add(&a, "first", 5)->outcome.count, 5);
    ck_assert_int_eq(file_add(&a, "second", 4)->outcome.count, 4);
    driver_close(d);
}

/* Where the last line begins. */
static size_t last_line(const bytes *journal)
{
    const char *newline = memrchr(journal->data, '\n', journal->len - 1);
    ck_assert_ptr_nonnull(newline);
    return (size_t)(newline - journal->data) + 1;
}

static char *state_of(file_world *w)
{
    allot_error error = {0};
    char *state = file_world_state(w, &error);
    ck_assert_msg(state != NULL, "%s", error.message);
    return state;
}

START_TEST(torn_tail_is_cut_at_every_byte)
{
    file_world w;
    char name[256];
    make_group(&w);
    file_world_name(&w, name, "journal");
    bytes journal = file_read_all(name);
    size_t last = last_line(&journal);
    file_write_whole(name, journal.data, last);
    char *without = state_of(&w);
    for (size_t len = last + 1; len < journal.len; len++) {
        file_write_whole(name, journal.data, len);
        driver *d = file_world_open(&w, (const char *const[]){"boot_id", "00000000-0000-0000-0000-000000000001", NULL});
        driver_process(d);
        ck_assert_msg(strstr(driver_last_note(d), "journal: the last record was torn") != NULL, "%s",
                      driver_last_note(d));
        driver_close(d);
        /* What the handle wrote after the cut (the slots' deaths) is no part of what is compared. */
        bytes now = file_read_all(name);
        ck_assert_uint_gt(now.len, last);
        ck_assert_mem_eq(now.data, journal.data, last);
        file_write_whole(name, now.data, last);
        char *state = state_of(&w);
        ck_assert_str_eq(state, without);
        free(state);
        bytes_done(&now);
    }
    free(without);
    bytes_done(&journal);
    file_world_remove(&w);
}
END_TEST

START_TEST(read_only_leaves_a_torn_tail_alone)
{
    file_world w;
    char name[256];
    make_group(&w);
    bytes journal = file_read_all(file_world_name(&w, name, "journal"));
    file_write_whole(name, journal.data, journal.len - 1);
    driver *d = NULL;
    ck_assert_int_eq(file_world_try(&w, true, NULL, &d, NULL), 0);
    ck_assert_uint_eq(file_view(d)->view->total, 5);
    driver_close(d);
    bytes now = file_read_all(name);
    ck_assert_uint_eq(now.len, journal.len - 1);
    ck_assert_mem_eq(now.data, journal.data, now.len);
    bytes_done(&now);
    bytes_done(&journal);
    file_world_remove(&w);
}
END_TEST

START_TEST(every_flipped_bit_is_refused)
{
    file_world w;
    char name[256];
    make_group(&w);
    bytes journal = file_read_all(file_world_name(&w, name, "journal"));
    for (size_t at = 0; at + 1 < journal.len; at++) {
        for (int bit = 0; bit < 8; bit++) {
            allot_error error = {0};
            journal.data[at] = (char)(journal.data[at] ^ (1 << bit));
            file_write_whole(name, journal.data, journal.len);
            char *state = file_world_state(&w, &error);
            ck_assert_msg(state == NULL, "byte %zu bit %d was not noticed", at, bit);
            ck_assert(error.code == ALLOT_E_DAMAGED || error.code == ALLOT_E_FORMAT);
            ck_assert_msg(strstr(error.message, "/g/journal: ") != NULL, "%s", error.message);
            journal.data[at] = (char)(journal.data[at] ^ (1 << bit));
        }
    }
    bytes_done(&journal);
    file_world_remove(&w);
}
END_TEST

static void expect_damage(file_world *w, const char *what)
{
    allot_error error = {0};
    driver *d = NULL;
    ck_assert_int_eq(file_world_try(w, false, NULL, &d, &error), ALLOT_E_DAMAGED);
    ck_assert_msg(strstr(error.message, "damaged at byte") != NULL && strstr(error.message, what) != NULL, "%s",
                  error.message);
}

START_TEST(lost_and_repeated_lines_are_refused)
{
    file_world w;
    char name[256];
    make_group(&w);
    bytes journal = file_read_all(file_world_name(&w, name, "journal"));
    bytes changed = {0};
    size_t from = 0, lines = 0;
    for (const char *newline; (newline = memchr(journal.data + from, '\n', journal.len - from)) != NULL;) {
        size_t end = (size_t)(newline - journal.data) + 1;
        if (end < journal.len && from > 0) {
            changed.len = 0; /* without this line */
            ck_assert_int_eq(bytes_append(&changed, journal.data, from), 0);
            ck_assert_int_eq(bytes_append(&changed, journal.data + end, journal.len - end), 0);
            file_write_whole(name, changed.data, changed.len);
            expect_damage(&w, "checksum");
        }
        changed.len = 0; /* with this line twice */
        ck_assert_int_eq(bytes_append(&changed, journal.data, end), 0);
        ck_assert_int_eq(bytes_append(&changed, journal.data + from, journal.len - from), 0);
        file_write_whole(name, changed.data, changed.len);
        expect_damage(&w, "checksum");
        from = end;
        lines++;
    }
    ck_assert_uint_gt(lines, 4);
    bytes_done(&changed);
    bytes_done(&journal);
    file_world_remove(&w);
}
END_TEST

START_TEST(a_cut_snapshot_is_refused)
{
    file_world w;
    char name[256];
    file_world_make(&w);
    driver *d = file_world_open(&w, (const char *const[]){"compact_above", "1", NULL});
    file_member a = file_member_joined(&w, d);
    ck_assert_int_eq(file_add(&a, "x", 100)->outcome.status, ALLOT_STATUS_OK);
    for (int i = 0; i < 50; i++)
        file_beat(&a);
    driver_close(d);
    bytes journal = file_read_all(file_world_name(&w, name, "journal"));
    const char *end = memmem(journal.data, journal.len, " end ", 5);
    ck_assert_ptr_nonnull(end);
    size_t snapshot = (size_t)(end - journal.data);
    ck_assert_uint_gt(snapshot, 2000);
    for (size_t len = snapshot; len > 0; len--) {
        if (len != snapshot && len % 97 != 0 && journal.data[len - 1] != '\n')
            continue;
        file_write_whole(name, journal.data, len);
        expect_damage(&w, len < 200 ? "header" : "snapshot");
    }
    file_write_whole(name, "", 0);
    expect_damage(&w, "header");
    bytes_done(&journal);
    file_world_remove(&w);
}
END_TEST

/* Sealed as they should be: lines of a snapshot, under a header that says that they are all of it. */
static void write_snapshot(file_world *w, const char *const *lines, size_t count)
{
    bytes file = {0}, snapshot = {0};
    char name[256];
    size_t start;
    file_journal_header header = {.name = 7, .generation = 1, .boot = {{1}}, .chain = 9};
    uint64_t chain = file_header_snapshot_chain(&header);
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(file_line_begin(&snapshot, &start), 0);
        ck_assert_int_eq(bytes_append(&snapshot, lines[i], strlen(lines[i])), 0);
        ck_assert_int_eq(file_line_seal(&snapshot, start, &chain), 0);
    }
    header.records_at = (int64_t)(file_header_len() + snapshot.len);
    ck_assert_int_eq(file_header_write(&header, &file), 0);
    ck_assert_int_eq(bytes_append(&file, snapshot.data, snapshot.len), 0);
    file_write_whole(file_world_name(w, name, "journal"), file.data, file.len);
    bytes_done(&snapshot);
    bytes_done(&file);
}

#define SLOT_1 "00000000-0000-0000-0000-000000000001"
#define NO_SLOT "00000000-0000-0000-0000-000000000000"

START_TEST(a_snapshot_has_an_end_and_fits_together)
{
    static const char *const lines[] = {"= life " SLOT_1 " 5 0 10000000", "= counters 9 9 0 3 2 2 2 5 5 5 0 hash",
                                        "= leader " NO_SLOT " " NO_SLOT, "= segment 1 - - 0 - 0 x", "= inbox 1 1",
                                        "end 5"};
    static const char *const misfit[] = {"= life " SLOT_1 " 5 0 10000000", "= counters 9 9 0 3 2 2 2 5 5 5 0 hash",
                                         "= leader " SLOT_1 " " SLOT_1, "end 3"};
    static const char *const goes_on[] = {"= life " SLOT_1 " 5 0 10000000", "end 1",
                                          "= counters 9 9 0 3 2 2 2 5 5 5 0 hash", "end 2"};
    static const char *const other_number[] = {"= life " SLOT_1 " 5 0 10000000", "end 2"};
    file_world w;
    make_group(&w);
    write_snapshot(&w, lines, 6);
    free(state_of(&w));
    for (size_t count = 1; count < 6; count++) {
        write_snapshot(&w, lines, count);
        expect_damage(&w, "the snapshot is not complete");
    }
    write_snapshot(&w, misfit, 4);
    expect_damage(&w, "the leader is not there");
    write_snapshot(&w, goes_on, 4);
    expect_damage(&w, "the snapshot is not complete");
    write_snapshot(&w, other_number, 2);
    expect_damage(&w, "the snapshot is not complete");
    file_world_remove(&w);
}
END_TEST

/* A line that is sealed as it should be, but says nothing that could have been done then. */
static void append_record(file_world *w, const file_record *record)
{
    file_place place;
    file_state state;
    bytes notes = {0}, line = {0};
    allot_uuid boot = {{1}};
    char name[256];
    size_t start;
    file_place_wish wish = {.path = w->path, .group = "g"};
    ck_assert_int_eq(file_place_open(&wish, &place, NULL), 0);
    file_state_init(&state, &boot, &notes);
    ck_assert_int_eq(file_state_sync(&state, &place, true, NULL), 0);
    uint64_t chain = state.journal.chain;
    bytes journal = file_read_all(file_world_name(w, name, "journal"));
    ck_assert_int_eq(file_line_begin(&line, &start), 0);
    ck_assert_int_eq(file_record_encode(record, &line), 0);
    ck_assert_int_eq(file_line_seal(&line, start, &chain), 0);
    ck_assert_int_eq(bytes_append(&journal, line.data, line.len), 0);
    file_write_whole(name, journal.data, journal.len);
    file_state_done(&state);
    file_place_close(&place);
    bytes_done(&journal);
    bytes_done(&line);
    bytes_done(&notes);
}

START_TEST(a_record_without_effect_is_refused)
{
    file_world w;
    make_group(&w);
    file_record good = {.kind = FILE_RECORD_BOOT, .uuid = {{2}}};
    append_record(&w, &good);
    free(state_of(&w));
    file_record bad = {.kind = FILE_RECORD_DEAD, .uuid = {{3}}};
    append_record(&w, &bad);
    expect_damage(&w, "no effect");
    file_world_remove(&w);
}
END_TEST

START_TEST(another_format_is_refused)
{
    static const char other[] = {FILE_JOURNAL_FORMAT + '0' + 1, FILE_JOURNAL_FORMAT + '0' - 1};
    static const char *const remedies[] = {"use a newer version", "only an earlier version knows"};
    file_world w;
    char name[256];
    allot_error error = {0};
    driver *d = NULL;
    make_group(&w);
    bytes journal = file_read_all(file_world_name(&w, name, "journal"));
    char *format = memmem(journal.data, journal.len, "allot-journal ", 14);
    ck_assert_ptr_nonnull(format);
    for (int i = 0; i < 2; i++) {
        char says[] = "has format ?";
        format[14] = says[sizeof(says) - 2] = other[i];
        file_write_whole(name, journal.data, journal.len);
        ck_assert_int_eq(file_world_try(&w, false, NULL, &d, &error), ALLOT_E_FORMAT);
        ck_assert_msg(strstr(error.message, says) != NULL, "%s", error.message);
        ck_assert_msg(strstr(error.message, remedies[i]) != NULL, "%s", error.message);
    }
    bytes_done(&journal);
    file_world_remove(&w);
}
END_TEST

START_TEST(damage_that_shows_later_is_answered)
{
    file_world w;
    char name[256];
    file_world_make(&w);
    driver *d = file_world_open(&w, NULL);
    file_member a = file_member_joined(&w, d);
    bytes journal = file_read_all(file_world_name(&w, name, "journal"));
    ck_assert_int_eq(bytes_append(&journal, "0123456789abcdef not a record\n", 30), 0);
    file_write_whole(name, journal.data, journal.len);
    const allot_answer *answer = file_beat(&a);
    ck_assert_int_eq(answer->outcome.status, ALLOT_STATUS_UNAVAILABLE);
    ck_assert_msg(strstr(answer->message, "damaged at byte") != NULL, "%s", answer->message);
    /* Repaired as the message says. */
    file_write_whole(name, journal.data, journal.len - 30);
    usleep(1100000);
    ck_assert_int_eq(file_beat(&a)->outcome.status, ALLOT_STATUS_OK);
    driver_close(d);
    bytes_done(&journal);
    file_world_remove(&w);
}
END_TEST

START_TEST(a_shorter_journal_is_noticed)
{
    file_world w;
    char name[256];
    file_world_make(&w);
    driver *d = file_world_open(&w, NULL);
    file_member a = file_member_joined(&w, d);
    bytes before = file_read_all(file_world_name(&w, name, "journal"));
    ck_assert_int_eq(file_add(&a, "x", 3)->outcome.status, ALLOT_STATUS_OK);
    ck_assert_int_eq(truncate(name, (off_t)before.len), 0);
    /* The file alone speaks: it is whole, and knows no ids. */
    ck_assert_uint_eq(file_view(d)->view->total, 0);
    driver_close(d);
    bytes_done(&before);
    file_world_remove(&w);
}
END_TEST

START_TEST(a_removed_journal_begins_a_new_life)
{
    file_world w;
    char name[256];
    file_world_make(&w);
    driver *d = file_world_open(&w, NULL);
    file_member a = file_member_joined(&w, d);
    ck_assert_int_eq(unlink(file_world_name(&w, name, "journal")), 0);
    const allot_answer *answer = file_beat(&a);
    ck_assert_int_eq(answer->outcome.status, ALLOT_STATUS_REFUSED);
    ck_assert_msg(strstr(driver_last_note(d), "was removed") != NULL, "%s", driver_last_note(d));
    file_member b = file_member_joined(&w, d);
    ck_assert_mem_ne(&b.life, &a.life, sizeof(a.life));
    driver_close(d);
    file_world_remove(&w);
}
END_TEST

START_TEST(removed_directory_is_unavailable)
{
    file_world w;
    file_world_make(&w);
    driver *d = file_world_open(&w, NULL);
    file_member a = file_member_joined(&w, d);
    file_world_remove(&w);
    const allot_answer *answer = file_beat(&a);
    ck_assert_int_eq(answer->outcome.status, ALLOT_STATUS_UNAVAILABLE);
    ck_assert_msg(strstr(answer->message, "removed while in use") != NULL, "%s", answer->message);
    driver_close(d);
}
END_TEST

START_TEST(two_handles_replay_the_same)
{
    file_world w;
    file_world_make(&w);
    driver *one = file_world_open(&w, NULL);
    driver *two = file_world_open(&w, NULL);
    file_member a = file_member_joined(&w, one);
    file_member b = file_member_joined(&w, two);
    ck_assert_int_eq(file_campaign(&a)->outcome.status, ALLOT_STATUS_OK);
    for (int i = 0; i < 20; i++) {
        char prefix[24];
        snprintf(prefix, sizeof(prefix), "round %d", i);
        ck_assert_int_eq(file_add(i % 2 == 0 ? &a : &b, prefix, 10)->outcome.count, 10);
        ck_assert_uint_eq(file_view(i % 3 == 0 ? one : two)->view->total, 10 * ((uint64_t)i + 1));
        ck_assert_int_eq(file_beat(&b)->outcome.status, ALLOT_STATUS_OK);
        ck_assert_int_eq(file_beat(&a)->outcome.status, ALLOT_STATUS_OK);
    }
    ck_assert_int_eq(file_campaign(&b)->outcome.reason, ALLOT_REFUSED_LED);
    driver_close(one);
    driver_close(two);
    free(state_of(&w));
    file_world_remove(&w);
}
END_TEST

Suite *file_journal_suite(void)
{
    Suite *suite = suite_create("file journal");
    TCase *c = tcase_create("journal");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, torn_tail_is_cut_at_every_byte);
    tcase_add_test(c, read_only_leaves_a_torn_tail_alone);
    tcase_add_test(c, every_flipped_bit_is_refused);
    tcase_add_test(c, lost_and_repeated_lines_are_refused);
    tcase_add_test(c, a_cut_snapshot_is_refused);
    tcase_add_test(c, a_snapshot_has_an_end_and_fits_together);
    tcase_add_test(c, a_record_without_effect_is_refused);
    tcase_add_test(c, another_format_is_refused);
    tcase_add_test(c, damage_that_shows_later_is_answered);
    tcase_add_test(c, a_shorter_journal_is_noticed);
    tcase_add_test(c, a_removed_journal_begins_a_new_life);
    tcase_add_test(c, removed_directory_is_unavailable);
    tcase_add_test(c, two_handles_replay_the_same);
    suite_add_tcase(suite, c);
    return suite;
}
