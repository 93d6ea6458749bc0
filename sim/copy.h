/* copy.h - ops and answers with all that they point to, each in one allocation: free() ends them. */
#ifndef SIM_COPY_H
#define SIM_COPY_H

#include <allot/backend.h>

allot_op *copy_op(const allot_op *op);
allot_answer *copy_answer(const allot_answer *answer);

#endif
