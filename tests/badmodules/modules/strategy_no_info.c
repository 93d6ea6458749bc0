/* Its function returns nothing. */
#include "tests/badmodules/modules/bad.h"

const allot_module_info *allot_module(void)
{
    return NULL;
}
