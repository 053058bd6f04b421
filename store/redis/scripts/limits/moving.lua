-- moving keeps a hash: a is the time of the last charge, u the units in the
-- log, n the number of the next entry, h that of the oldest, and under each
-- number the entry's time and cost.
local moving = {}
strategies.m = moving

local function entry(c, i)
  local v = redis.call('HGET', c.key, int(i))
  if not v then return nil end -- taken back
  local at, cost = string.match(v, '^(%d+) (%d+)$')
  return tonumber(at), tonumber(cost)
end

function moving.load(c)
  local v = redis.call('HMGET', c.key, 'a', 'u', 'n', 'h')
  c.at, c.used = tonumber(v[1] or 0), tonumber(v[2] or 0)
  c.next, c.head = tonumber(v[3] or 0), tonumber(v[4] or 0)
  c.first, c.lapsed = c.head, 0
  local since = math.max(now, c.at) - c.period
  while c.first < c.next do
    local at, cost = entry(c, c.first)
    if at and at > since then break end
    c.first, c.lapsed = c.first + 1, c.lapsed + (cost or 0)
  end
end

function moving.room(c) return c.most - c.used + c.lapsed end

function moving.admits(c, _, n)
  local over = c.used - c.lapsed + n - c.most
  local last = c.at
  for i = c.first, c.next - 1 do
    local at, cost = entry(c, i)
    if at then
      last, over = at, over - cost
      if over <= 0 then break end
    end
  end
  return last + c.period
end

-- trim drops what has lapsed.
local function trim(c)
  for i = c.head, c.first - 1 do
    redis.call('HDEL', c.key, int(i))
  end
  c.head, c.used, c.lapsed = c.first, c.used - c.lapsed, 0
end

function moving.charge(c, at, n)
  trim(c)
  local number = c.next
  redis.call('HSET', c.key, int(number), int(at) .. ' ' .. int(n))
  c.at, c.used, c.next, c.newest = at, c.used + n, number + 1, at
  return number
end

function moving.refund(c, now)
  if c.rlevel < c.first then return 0 end
  local at, cost = entry(c, c.rlevel)
  if at ~= c.rat then return 0 end
  trim(c)
  local back = math.min(c.cost, cost)
  c.at, c.used = now, c.used - back
  if back == cost then
    redis.call('HDEL', c.key, int(c.rlevel))
  else
    redis.call('HSET', c.key, int(c.rlevel), int(at) .. ' ' .. int(cost - back))
  end
  return back
end

function moving.expiry(c)
  if c.newest then return c.newest + c.period end
  for i = c.next - 1, c.head, -1 do
    local at = entry(c, i)
    if at then return at + c.period end
  end
  return 0
end

function moving.save(c, expiry)
  redis.call('HSET', c.key, 'a', int(c.at), 'u', int(c.used), 'n', int(c.next), 'h', int(c.head))
  redis.call('PEXPIRE', c.key, int(ceildiv(math.max(1, expiry - now), 1000) + slack))
end
