/* shrink.h - makes a case that fails small: what it fails without is left out, until nothing more can go. */
#ifndef SIM_SHRINK_H
#define SIM_SHRINK_H

#include "sim/case.h"

/* Prints the smallest case found that breaks the same invariant: its line for a file of cases, and how to replay it.
 * Where the seed no longer fails with less, other seeds are tried. The exit code: 0; 1: the case does not fail; 2: for
 * want of memory. */
int shrink_run(const sim_case *c);

#endif
