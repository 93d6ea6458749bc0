/* ledger.h - who holds which id, by what the nodes tell: no id is gained while another holds it (I3), and every grant
 * of an id has a larger token than the one before (I7). The first breach ends the test.
 *
 * One node may be told `gained` before another has pulled its `lost`: so the ledger asks the other node whether it
 * still owns the id, which it must deny by its deadline, at once.
 *
 * Threads: any. */
#ifndef TESTS_API_LEDGER_H
#define TESTS_API_LEDGER_H

#include <allot/allot.h>

typedef struct ledger ledger;

ledger *ledger_new(void);
void ledger_free(ledger *l);

void ledger_gained(ledger *l, allot_node *node, const allot_id *id);
/* Lost, or stopped before it is reported. */
void ledger_stopped(ledger *l, const allot_node *node, allot_bytes id);

/* An ack was said to be accepted: at most once for each id. */
void ledger_acked(ledger *l, allot_bytes id);
uint64_t ledger_acks(ledger *l);

#endif
