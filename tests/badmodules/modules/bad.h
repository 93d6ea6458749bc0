/* bad.h - what is right of a module, so that each source here shows what is wrong with it.
 *
 *   STRATEGY(more)   a table of ops, `ops`; `more` (designated initializers) overrides members
 *   BACKEND(more)    the same of a backend
 *   MODULE(more)     the descriptor of the strategy MODULE_NAME, and the function that returns it
 *
 * The build defines MODULE_NAME, out of the source's name. */
#ifndef BADMODULES_BAD_H
#define BADMODULES_BAD_H

#include <allot/backend.h>
#include <allot/module.h>
#include <allot/strategy.h>

static inline int split_evenly(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error)
{
    (void)ret_error;
    for (uint64_t i = 0; i < view->id_count; i++)
        owner[i] = (uint32_t)(i % view->slot_count);
    return 0;
}

/* The first ids are split well; the lie comes when there is a split to be lost. */
static inline bool is_first_split(const allot_strategy_view *view)
{
    for (uint32_t i = 0; i < view->slot_count; i++)
        if (view->slots[i].held > 0)
            return false;
    return true;
}

#define STRATEGY(...)                                                                                                  \
    static const allot_strategy_ops ops = {.abi = ALLOT_STRATEGY_ABI,                                                  \
                                           .size = sizeof(ops),                                                        \
                                           .name = MODULE_NAME,                                                        \
                                           .kind = ALLOT_STRATEGY_COUNTS,                                              \
                                           .assign = split_evenly,                                                     \
                                           __VA_ARGS__}

static inline int open_nothing(const allot_backend_config *config, allot_backend **ret_backend, allot_error *ret_error)
{
    (void)config;
    (void)ret_backend;
    (void)ret_error;
    return ALLOT_E_PLACE;
}

static inline void submit_nothing(allot_backend *backend, const allot_op *op)
{
    (void)backend;
    (void)op;
}

static inline void process_nothing(allot_backend *backend, const allot_sink *sink)
{
    (void)backend;
    (void)sink;
}

static inline int no_fd(allot_backend *backend)
{
    (void)backend;
    return -1;
}

static inline int64_t no_deadline(allot_backend *backend)
{
    (void)backend;
    return INT64_MAX;
}

#define BACKEND(...)                                                                                                   \
    static const allot_backend_ops ops = {.abi = ALLOT_BACKEND_ABI,                                                    \
                                          .size = sizeof(ops),                                                         \
                                          .name = MODULE_NAME,                                                         \
                                          .open = open_nothing,                                                        \
                                          .submit = submit_nothing,                                                    \
                                          .process = process_nothing,                                                  \
                                          .fd = no_fd,                                                                 \
                                          .deadline = no_deadline,                                                     \
                                          .close = process_nothing,                                                    \
                                          __VA_ARGS__}

#define MODULE(...)                                                                                                    \
    const allot_module_info *allot_module(void)                                                                        \
    {                                                                                                                  \
        static const allot_module_info info = {.magic = ALLOT_MODULE_MAGIC,                                            \
                                               .abi = ALLOT_MODULE_ABI,                                                \
                                               .size = sizeof(info),                                                   \
                                               .kind = ALLOT_MODULE_STRATEGY,                                          \
                                               .name = MODULE_NAME,                                                    \
                                               .version = "1",                                                         \
                                               .ops = &ops,                                                            \
                                               __VA_ARGS__};                                                           \
        return &info;                                                                                                  \
    }

#endif
