/* module.c - this backend as a module: allot_backend_file.so. */
#include "backends/file/file.h"

#include <allot/module.h>
#include <allot/version.h>

const allot_module_info *allot_module(void)
{
    static const allot_module_info info = {
        .magic = ALLOT_MODULE_MAGIC,
        .abi = ALLOT_MODULE_ABI,
        .size = sizeof(allot_module_info),
        .kind = ALLOT_MODULE_BACKEND,
        .name = "file",
        .version = ALLOT_VERSION_STRING,
        .ops = &file_backend_ops,
    };
    return &info;
}
