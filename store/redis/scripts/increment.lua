-- KEYS: the key, its refresh lease. ARGV: the addend, the life of a new one.
-- The sum is read back as text: as a Lua number it would be exact only up to
-- 2^53.
if look(KEYS[1]) ~= 'value' then
  put(KEYS[1], ARGV[1], ARGV[2])
  redis.call('DEL', KEYS[2])
  return ARGV[1]
end
local sum = redis.pcall('INCRBY', KEYS[1], ARGV[1])
if type(sum) == 'table' then
  return sum
end
redis.call('DEL', KEYS[2])
return redis.call('GET', KEYS[1])
