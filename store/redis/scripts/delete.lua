-- KEYS: the key, its refresh lease. Whatever is there goes, of any type.
local kind = redis.call('TYPE', KEYS[1]).ok
local had = kind ~= 'none' and (kind ~= 'string' or look(KEYS[1]) == 'value')
redis.call('UNLINK', KEYS[1], KEYS[2])
return had and 1 or 0
