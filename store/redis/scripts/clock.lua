-- Generations are microseconds since 1970, or one above the last where the
-- clock has not moved on. All are exact in a double until the year 2255.

local function text(n)
  return string.format('%.0f', n)
end

local function time()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000000 + tonumber(t[2])
end

-- The set of a namespace that nobody uses leaves after 30 days: its Version was
-- replaced, or its service. It is renewed seldom, as each time is a change that
-- watches are told of.
local function keep(key)
  if redis.call('PTTL', key) < 1296000000 then
    redis.call('PEXPIRE', key, 2592000000)
  end
end

-- The present generation. A set that is not there has been lost, or is new:
-- from now on, all tags are of a generation that nothing was loaded under.
local function present(key)
  local now = redis.call('ZSCORE', key, 'now')
  if now then
    return tonumber(now)
  end
  now = time()
  redis.call('ZADD', key, text(now), 'now', text(now), 'floor')
  return now
end
