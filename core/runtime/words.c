#include "core/runtime/words.h"

#include <allot/allot.h>

const char *allot_code_text(int32_t code)
{
    switch (code) {
#define CODE_TEXT(name, value, text)                                                                                   \
    case name:                                                                                                         \
        return text;
        ALLOT_ERRORS(CODE_TEXT)
#undef CODE_TEXT
    }
    return "unknown error";
}

const char *reason_text(allot_reason reason)
{
    switch (reason) {
#define REASON_TEXT(name, text)                                                                                        \
    case name:                                                                                                         \
        return text;
        ALLOT_REASONS(REASON_TEXT)
#undef REASON_TEXT
    case ALLOT_REASON_END:
        break;
    }
    return "for an unknown reason";
}

const char *allot_event_word(allot_event_type type)
{
    switch (type) {
    case ALLOT_EVENT_JOINED:
        return "joined";
    case ALLOT_EVENT_LEADER:
        return "leader";
    case ALLOT_EVENT_FOLLOWER:
        return "follower";
    case ALLOT_EVENT_GAINED:
        return "gained";
    case ALLOT_EVENT_RECALLED:
        return "recalled";
    case ALLOT_EVENT_LOST:
        return "lost";
    case ALLOT_EVENT_SPLIT:
        return "split";
    case ALLOT_EVENT_AT_RISK:
        return "at_risk";
    case ALLOT_EVENT_STORE_DOWN:
        return "store_down";
    case ALLOT_EVENT_STORE_UP:
        return "store_up";
    case ALLOT_EVENT_FENCED:
        return "fenced";
    case ALLOT_EVENT_LEFT:
        return "left";
    case ALLOT_EVENT_NOTE:
        return "note";
    }
    return "unknown";
}

const char *allot_why_word(allot_why why)
{
    switch (why) {
    case ALLOT_WHY_NONE:
        return "none";
    case ALLOT_WHY_DEADLINE:
        return "deadline";
    case ALLOT_WHY_REFUSED:
        return "refused";
    case ALLOT_WHY_STORE_LOST:
        return "store_lost";
    case ALLOT_WHY_CLEANED:
        return "cleaned";
    case ALLOT_WHY_LEAVING:
        return "leaving";
    case ALLOT_WHY_STALLED:
        return "stalled";
    }
    return "unknown";
}
