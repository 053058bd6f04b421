-- Does one operation on the buckets of a request, all or nothing. It calculates
-- as ratelimit.Bucket does; see there for what each strategy means.
-- KEYS: one for each charge, two for Concurrency. ARGV: the operation ('take',
-- 'peek', 'refund', 'extend'), the time in microseconds or '' for the server's;
-- then for each charge ten: the strategy, flags ('c' check, 's' soft), the cost,
-- the least, the most, the period in microseconds, two numbers of the plan, and
-- the receipt's two, or, for Concurrency, in the place of the plan's first, the
-- ID.
-- Returns seven numbers for each charge: allowed, granted, remaining, retry
-- after, reset after, and the receipt's two.
local op = ARGV[1]
local now = tonumber(ARGV[2])
local slack = 0
if now then
  slack = 3600000 -- the time stands still: keys must not leave with the server's
else
  local t = redis.call('TIME')
  now = t[1] * 1000000 + t[2]
end

local strategies = {} -- what follows, as far as this request needs it

local function int(n) return string.format('%d', n) end

-- keep stores a bucket of three numbers until it is as new.
local function keep(c, expiry)
  local px = ceildiv(math.max(1, expiry - now), 1000) + slack
  redis.call('SET', c.key, int(c.at) .. ' ' .. int(c.used) .. ' ' .. int(c.before), 'PX', int(px))
end

local function parse(c)
  local v = redis.call('GET', c.key)
  if v then
    local at, used, before = string.match(v, '^(%d+) (%d+) (%d+)$')
    c.at, c.used, c.before = tonumber(at), tonumber(used), tonumber(before)
  else
    c.at, c.used, c.before = 0, 0, 0
  end
end

-- simple is a strategy whose buckets are three numbers.
local function simple(room, admits, charge, expiry)
  return {
    load = parse,
    save = keep,
    room = function(c, at) return room(at, c.most, c.period, c.x, c.y, c.at, c.used, c.before) end,
    admits = function(c, at, n) return admits(at, n, c.most, c.period, c.x, c.y, c.at, c.used, c.before) end,
    charge = function(c, at, n)
      local level
      c.at, c.used, c.before, level = charge(at, n, c.period, c.x, c.y, c.at, c.used, c.before)
      return level
    end,
    expiry = function(c) return expiry(c.period, c.x, c.at, c.used, c.before) end,
  }
end
