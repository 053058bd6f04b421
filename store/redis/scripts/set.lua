-- KEYS: the key, its refresh lease. ARGV: the value, its life.
put(KEYS[1], ARGV[1], ARGV[2])
redis.call('DEL', KEYS[2])
return 1
