#!lua flags=no-writes
-- with: base slots view
-- The group, as far as it concerns no slot.
return {'ok', unpack(view_of(nil))}
