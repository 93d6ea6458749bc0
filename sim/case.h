/* case.h - what is simulated: a seed, and what of it is left out. As text, one line:
 *
 *     SEED [nodes=N] [ids=N] [without=OPTION,...] [only=OPTION,...] [kinds=N] [until=MSms] [drop=N,N-N,...]
 *
 * nodes, ids: so many instead of as many as the seed says. without: these options are off;
 * only: all others, or with "none" all; kinds: all but the first N that there are. until: faults end by then.
 * drop: of the faults in the order in which they are about to happen, from 0, these do not happen. */
#ifndef SIM_CASE_H
#define SIM_CASE_H

#include "sim/swarm.h"

#include <stdio.h>

/* Faults beyond are never left out one by one. */
#define CASE_FAULTS_MAX 4096u
#define CASE_TEXT_BYTES 32768u

typedef struct sim_case {
    uint64_t seed;
    swarm_limits limits;
    uint64_t dropped[CASE_FAULTS_MAX / 64];
    bool measured;       /* not part of the text */
    const char *command; /* NULL: allot-sim; how messages say that this is run. Not part of the text */
} sim_case;

static inline bool case_leaves_out(const sim_case *c, uint64_t fault)
{
    return fault < CASE_FAULTS_MAX && ((c->dropped[fault / 64] >> (fault % 64)) & 1u);
}

static inline void case_leave_out(sim_case *c, uint64_t fault)
{
    c->dropped[fault / 64] |= UINT64_C(1) << (fault % 64);
}

/* One "key=value" of the above. False, and nothing is changed: it is none. */
bool case_set(sim_case *c, const char *key, const char *value);
/* A line, which is changed; what follows a # is a comment. 1; 0: there is nothing on it; -1: it is wrong. */
int case_read(char *line, sim_case *ret_case);
/* What follows the seed, with a blank before each. */
void case_write(const sim_case *c, FILE *out);
/* The same as options of allot-sim. */
void case_write_options(const sim_case *c, FILE *out);
bool case_number(const char *text, uint64_t *ret_number);

#endif
