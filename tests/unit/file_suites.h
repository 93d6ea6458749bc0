/* file_suites.h - the suites of the file backend's inside. */
#ifndef TESTS_FILE_SUITES_H
#define TESTS_FILE_SUITES_H

#include <check.h>

Suite *file_record_suite(void);
Suite *file_journal_suite(void);
Suite *file_rewrite_suite(void);
Suite *file_place_suite(void);
Suite *file_full_suite(void);
Suite *file_lock_suite(void);
Suite *file_death_suite(void);

#endif
