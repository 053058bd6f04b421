-- KEYS: the key, its refresh lease. ARGV: the token, the lease's life, '1' to
-- refresh. Returns the value, or 1 for granted, 0 for held.
local what, holder = look(KEYS[1])
if what == 'value' and ARGV[3] ~= '1' then
  return redis.call('GET', KEYS[1])
end
if what ~= 'lease' then
  holder = redis.call('GET', KEYS[2])
end
if holder and holder ~= ARGV[1] then
  return 0
end
if what == 'value' then
  put(KEYS[2], ARGV[1], ARGV[2])
else
  put(KEYS[1], '\0lease\0' .. ARGV[1], ARGV[2])
end
return 1
