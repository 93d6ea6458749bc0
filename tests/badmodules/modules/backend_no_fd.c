/* It lacks a method. */
#include "tests/badmodules/modules/bad.h"

BACKEND(.fd = NULL);

MODULE(.kind = ALLOT_MODULE_BACKEND)
