/* mutants.h - runs seeds with a bug planted (base/mutants.h) until one of them fails. In a build with ALLOT_MUTANTS. */
#ifndef SIM_MUTANTS_H
#define SIM_MUTANTS_H

#include "base/mutants.h"
#include "sim/jobs.h"

#ifdef ALLOT_MUTANTS

/* The mutant by that name is the active one; false: there is none. */
bool mutants_choose(const char *name);
/* Looks for the active one, or else for all, in three ranges of seeds, each a third of those of `config`.
 * Prints a line for each and "N passed, N failed": passed are those that were found in all three. The exit code. */
int mutants_run(const jobs_config *config);

#endif

#endif
