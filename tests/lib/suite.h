/* suite.h - runs Check suites as one program of the project's kind. */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>

/* Runs the suites (the array ends with NULL; they are freed), each test in its own process unless CK_FORK=no. The last
 * line of stdout is `N passed, N failed`. Returns the exit code: 0 all passed, 1 something failed or nothing ran. */
int suite_run(Suite *const suites[]);

#endif
