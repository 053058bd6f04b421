-- KEYS: the key, its refresh lease. ARGV: the token.
local what, holder = look(KEYS[1])
if what == 'lease' and holder == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
if redis.call('GET', KEYS[2]) == ARGV[1] then
  redis.call('DEL', KEYS[2])
end
return 1
