#!lua flags=allow-oom
-- with: base slots change life
-- One leader, in one term (I1).
return change({campaigns = true, gate = by_valid_slot, act = function()
    local quarantine = quarantine_rest()
    if quarantine > 0 then
        return refuse('quarantine', quarantine)
    end
    local leader, rest = leading()
    if leader and leader ~= SLOT then
        return refuse('led', rest)
    end
    if not leader then
        put_next('term')
        put_text('last_leader', SLOT)
        call('HSET', K_LOCK, 'holder', SLOT, 'nonce', FROM, 'term', numtext('term'), 'expires', to_ms(speaker.expires),
            'ttl', text(speaker.ttl))
        hint_group()
    end
    return ok(0, 0, 0, numtext('term'))
end})
