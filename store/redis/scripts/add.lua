-- KEYS: the key, its refresh lease. ARGV: the value, its life.
if look(KEYS[1]) == 'value' then
  return 0
end
put(KEYS[1], ARGV[1], ARGV[2])
redis.call('DEL', KEYS[2])
return 1
