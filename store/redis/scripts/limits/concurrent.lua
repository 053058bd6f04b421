-- concurrent keeps the ends of leases by ID in a sorted set, and in a hash
-- beside it the units held (u), the time of the last charge (a) and the cost of
-- those leases that hold more than one unit.
local concurrent = {}
strategies.c = concurrent

local function held(c, id) return tonumber(redis.call('HGET', c.sums, id) or 1) end

local function sum(c, ids)
  local units = 0
  for _, id in ipairs(ids) do units = units + held(c, id) end
  return units
end

function concurrent.load(c)
  local v = redis.call('HMGET', c.sums, 'a', 'u')
  c.at, c.used = tonumber(v[1] or 0), tonumber(v[2] or 0)
  local at = math.max(now, c.at)
  c.dead = redis.call('ZRANGEBYSCORE', c.key, '-inf', int(at))
  c.lapsed = sum(c, c.dead)
  local ends = tonumber(redis.call('ZSCORE', c.key, c.x) or 0)
  if ends > at then c.held = held(c, c.x) end
end

function concurrent.room(c) return c.most - c.used + c.lapsed end

function concurrent.admits(c, at, n)
  local over, from = c.used - c.lapsed + n - c.most, 0
  while true do
    local page = redis.call('ZRANGEBYSCORE', c.key, '(' .. int(at), '+inf', 'WITHSCORES', 'LIMIT', from, 32)
    for i = 1, #page, 2 do
      over = over - held(c, page[i])
      if over <= 0 or #page < 64 and i == #page - 1 then return tonumber(page[i + 1]) end
    end
    if #page == 0 then return at end
    from = from + 32
  end
end

local function prune(c)
  for _, id in ipairs(c.dead) do
    redis.call('ZREM', c.key, id)
    redis.call('HDEL', c.sums, id)
  end
  c.used, c.dead, c.lapsed = c.used - c.lapsed, {}, 0
end

function concurrent.charge(c, at, n)
  prune(c)
  redis.call('ZADD', c.key, int(at + c.period), c.x)
  if n ~= 1 then redis.call('HSET', c.sums, c.x, int(n)) end
  c.at, c.used = at, c.used + n
  return 0
end

function concurrent.extend(c, at)
  if not c.held then return 0 end
  redis.call('ZADD', c.key, int(at + c.period), c.x)
  c.at = at
  return c.held
end

function concurrent.refund(c, at)
  if not c.held then return 0 end
  prune(c)
  local back = math.min(c.cost, c.held)
  c.at, c.used = at, c.used - back
  if back == c.held then
    redis.call('ZREM', c.key, c.x)
    redis.call('HDEL', c.sums, c.x)
  else
    redis.call('HSET', c.sums, c.x, int(c.held - back))
  end
  return back
end

function concurrent.expiry(c)
  local last = redis.call('ZRANGE', c.key, -1, -1, 'WITHSCORES')
  return tonumber(last[2] or 0)
end

function concurrent.save(c, expiry)
  local px = int(ceildiv(math.max(1, expiry - now), 1000) + slack)
  redis.call('HSET', c.sums, 'a', int(c.at), 'u', int(c.used))
  redis.call('PEXPIRE', c.sums, px)
  redis.call('PEXPIRE', c.key, px)
end
