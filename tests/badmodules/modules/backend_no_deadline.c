/* It lacks a method. */
#include "tests/badmodules/modules/bad.h"

BACKEND(.deadline = NULL);

MODULE(.kind = ALLOT_MODULE_BACKEND)
