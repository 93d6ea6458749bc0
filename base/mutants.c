#include "base/mutants.h"

#ifdef ALLOT_MUTANTS
mutant mutant_active;
#endif
