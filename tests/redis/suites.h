/* suites.h - the suites of test_redis. */
#ifndef TESTS_REDIS_SUITES_H
#define TESTS_REDIS_SUITES_H

#include <check.h>

/* Seconds for one test, on a busy machine with sanitizers. */
enum { REDIS_TEST_TIMEOUT = 120 };

/* Without a server. */
Suite *redis_address_suite(void);
Suite *redis_guard_suite(void);
Suite *redis_errors_suite(void);
Suite *redis_decode_suite(void);

/* With a server. */
Suite *redis_link_suite(void);
Suite *redis_nomem_suite(void);
Suite *redis_network_suite(void);
Suite *redis_states_suite(void);
Suite *redis_resolve_suite(void);
Suite *redis_storm_suite(void);
Suite *redis_backend_suite(void);
Suite *redis_foreign_suite(void);
Suite *redis_rights_suite(void);
Suite *redis_deals_suite(void);

#endif
