/* It lacks a method. */
#include "tests/badmodules/modules/bad.h"

BACKEND(.close = NULL);

MODULE(.kind = ALLOT_MODULE_BACKEND)
