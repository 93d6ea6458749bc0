/* show.h - ops and answers as text, for whoever looks into a mismatch. */
#ifndef CONFORMANCE_SHOW_H
#define CONFORMANCE_SHOW_H

#include <allot/backend.h>
#include <stdio.h>

const char *show_kind(allot_op_kind kind);
void show_op(FILE *to, const allot_op *op);
void show_answer(FILE *to, const char *whose, const allot_answer *a);

#endif
