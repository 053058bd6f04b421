-- KEYS: the namespace's set. ARGV: how many tags to remember, tags.
local key, limit = KEYS[1], tonumber(ARGV[1])
local now = math.max(present(key) + 1, time())
local g = text(now)
if #ARGV == 1 then
  redis.call('UNLINK', key)
  redis.call('ZADD', key, g, 'now', g, 'floor')
  keep(key)
  return now
end
for i = 2, #ARGV do
  redis.call('ZADD', key, g, ':' .. ARGV[i])
end
redis.call('ZADD', key, g, 'now')

-- The floor is the lowest, so the tag at rank n is the nth oldest. Tags of its
-- generation need not be remembered once the floor is there.
local excess = redis.call('ZCARD', key) - 2 - limit
if excess > 0 then
  local oldest = redis.call('ZRANGE', key, excess, excess, 'WITHSCORES')
  local floor = text(tonumber(oldest[2]))
  redis.call('ZREMRANGEBYSCORE', key, '-inf', floor)
  redis.call('ZADD', key, floor, 'floor', g, 'now')
end
keep(key)
return now
