#!lua flags=allow-oom
-- with: base slots change
-- The whole pool is gone. No slot is looked at: one whose `epoch` is older owns nothing, and every share's revision
-- goes up by `share_base`.
return change({act = function()
    -- Whole or nothing: see shared/change.lua.
    call('HLEN', K_SEG)
    call('HLEN', K_DONE)
    call('HLEN', K_LIVE)
    call('HLEN', K_FAILS)
    call('ZCARD', K_SEGMENTS)
    call('ZCARD', K_INBOX)
    call('ZCARD', K_PARKED)
    call('ZCARD', K_PARKING)
    local count = call('HLEN', K_DB)
    call('UNLINK', K_DB, K_SEG, K_DONE, K_LIVE, K_SEGMENTS, K_INBOX, K_PARKED, K_PARKING, K_FAILS)
    put('n_inbox', 0)
    put('n_placed', 0)
    increase('share_base', 1)
    increase('clean_epoch', 1)
    hint('events', 'share')
    return ok(count)
end})
