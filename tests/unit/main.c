#include "tests/lib/suite.h"
#include "tests/unit/file_suites.h"
#include "tests/unit/rig.h"

int main(void)
{
    Suite *const suites[] = {
        /* base */
        bytes_suite(), index_suite(), text_suite(),
        /* backends/store */
        numbered_suite(), sessions_suite(), membership_suite(), life_suite(), leadership_suite(), grants_suite(),
        exact_suite(), items_suite(), reap_suite(), pool_suite(), reads_suite(), malformed_suite(), dump_suite(),
        random_suite(), check_suite(), nomem_suite(),
        /* core/engine */
        engine_nomem_suite(),
        /* backends/memory */
        memory_suite(),
        /* backends/file */
        file_record_suite(), file_journal_suite(), file_rewrite_suite(), file_place_suite(), file_full_suite(),
        file_lock_suite(), file_death_suite(),
        NULL,
    };
    return suite_run(suites);
}
