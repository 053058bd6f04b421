-- KEYS: the key, its refresh lease. ARGV: the token, the lease's life.
local what, holder = look(KEYS[1])
local at = KEYS[1]
if what ~= 'lease' then
  at = KEYS[2]
  holder = redis.call('GET', at)
end
if holder ~= ARGV[1] then
  return 0
end
if ARGV[2] == '0' then
  redis.call('PERSIST', at)
else
  redis.call('PEXPIRE', at, ARGV[2])
end
return 1
