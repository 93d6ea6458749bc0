/* suites.h - the cases of the suite of bad modules, one file each. */
#ifndef TESTS_BADMODULES_SUITES_H
#define TESTS_BADMODULES_SUITES_H

#include <check.h>

TCase *refusals_case(void); /* what they are */
TCase *places_case(void);   /* where they lie */
TCase *options_case(void);  /* what they declare */
TCase *lies_case(void);     /* what they do */

#endif
