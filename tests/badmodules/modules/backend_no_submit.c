/* It lacks a method. */
#include "tests/badmodules/modules/bad.h"

BACKEND(.submit = NULL);

MODULE(.kind = ALLOT_MODULE_BACKEND)
