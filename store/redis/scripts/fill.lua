-- KEYS: the key, its refresh lease. ARGV: the token, the value, its life.
local what, holder = look(KEYS[1])
if what ~= 'lease' then
  holder = redis.call('GET', KEYS[2])
end
if holder ~= ARGV[1] then
  return 0
end
put(KEYS[1], ARGV[2], ARGV[3])
redis.call('DEL', KEYS[2])
return 1
