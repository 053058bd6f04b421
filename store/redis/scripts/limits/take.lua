-- Takes for requests, one after the other, each all or nothing: charges on
-- buckets of one strategy that keeps three numbers, and nothing special. What
-- most requests ask for, in a fraction of the time that tail.lua needs. Its
-- room, admits, charge and expiry are those of the strategy.
-- KEYS: the bucket of each charge; one may come again in another request. ARGV:
-- the time in microseconds or '' for the server's; then for each request the
-- number of its charges, and for each of them five: the cost, the most, the
-- period in microseconds, and two numbers of the plan.
-- Returns five numbers for each charge: the wait in microseconds, 0 if it is
-- allowed, -1 if it never will be, or -2 if a bucket of its request holds what
-- is none, and nothing is charged; remaining; reset after; the receipt's two.
local call, format = redis.call, string.format
local now, slack = tonumber(ARGV[1]), 3600000 -- as in head.lua
if not now then
  local t = call('TIME')
  now, slack = t[1] * 1000000 + t[2], 0
end

-- load reads the bucket of a charge whose arguments begin at a.
local function load(key, a)
  local v, start, used, before = redis.pcall('GET', key), 0, 0, 0
  if type(v) == 'string' then
    start, used, before = string.match(v, '^(%d+) (%d+) (%d+)$')
  elseif v then
    if not string.find(v.err, 'WRONGTYPE', 1, true) then return error(v.err) end
    start = nil
  end
  return {
    key = key, foreign = not start, start = tonumber(start), used = tonumber(used), before = tonumber(before),
    most = tonumber(ARGV[a + 1]), period = tonumber(ARGV[a + 2]), x = tonumber(ARGV[a + 3]), y = tonumber(ARGV[a + 4]),
    cost = 0, wait = 0, at = 0, free = 0, rest = 0, changed = false, -- so that it need not grow
  }
end

-- decide judges a charge, and changes nothing but notes.
local function decide(b, cost)
  if b.foreign then return false end
  local at, start, used, before, most = now, b.start, b.used, b.before, b.most
  if start > now then at = start end
  local free, wait = room(at, most, b.period, b.x, b.y, start, used, before), 0
  if free < 0 then free = 0 end
  if cost > most or most == 0 then
    wait = -1
  elseif cost > free then
    wait = admits(at, cost, most, b.period, b.x, b.y, start, used, before) - now
  end
  b.at, b.free, b.cost, b.wait = at, free, cost, wait
  return wait == 0
end

-- settle makes a charge, if its request is admitted, and returns its result.
local function settle(b, all)
  local free, at, level, cost = b.free, 0, 0, b.cost
  local start, used, before, period, x = b.start, b.used, b.before, b.period, b.x
  if all and cost > 0 then
    at, free = b.at, free - cost
    start, used, before, level = charge(at, cost, period, x, b.y, start, used, before)
    b.start, b.used, b.before, b.changed = start, used, before, true
  end
  b.rest = math.max(0, expiry(period, x, start, used, before) - now)
  return b.wait, free, b.rest, at, level
end

local function save(b)
  call('SET', b.key, format('%d %d %d', b.start, b.used, b.before), 'PX', format('%d', ceildiv(b.rest, 1000) + slack))
end

if #KEYS == 1 then
  local b = load(KEYS[1], 3)
  local all = decide(b, tonumber(ARGV[3]))
  if b.foreign then return { -2, 0, 0, 0, 0 } end
  local result = { settle(b, all) }
  if b.changed then save(b) end
  return result
end

local buckets, results, k, a = {}, {}, 0, 2
while ARGV[a] do
  local last, all, foreign = k + tonumber(ARGV[a]), true, false
  a = a + 1
  for i = k + 1, last do
    local key = KEYS[i]
    local b = buckets[key]
    if not b then
      b = load(key, a)
      buckets[key] = b
    end
    all = decide(b, tonumber(ARGV[a])) and all
    foreign = foreign or b.foreign
    a = a + 5
  end
  for i = k + 1, last do
    local o = 5 * i
    if foreign then
      results[o - 4], results[o - 3], results[o - 2], results[o - 1], results[o] = -2, 0, 0, 0, 0
    else
      results[o - 4], results[o - 3], results[o - 2], results[o - 1], results[o] = settle(buckets[KEYS[i]], all)
    end
  end
  k = last
end
for _, b in pairs(buckets) do
  if b.changed then save(b) end
end
return results
