-- Takes from buckets of one strategy that keeps three numbers, all or nothing,
-- without anything special: what most requests ask for, in a fraction of the
-- time that tail.lua needs. Its room, admits, charge and expiry are those of the
-- strategy.
-- KEYS: the buckets. ARGV: the time in microseconds or '' for the server's; then
-- for each charge five: the cost, the most, the period in microseconds, and two
-- numbers of the plan. Returns what tail.lua does.
local call, format = redis.call, string.format
local now, slack = tonumber(ARGV[1]), 3600000 -- as in head.lua
if not now then
  local t = call('TIME')
  now, slack = t[1] * 1000000 + t[2], 0
end

-- decide returns what the result of charge i begins with, and then its bucket.
local function decide(i)
  local a = 5 * i - 3
  local cost, most, period = tonumber(ARGV[a]), tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
  local x, y = tonumber(ARGV[a + 3]), tonumber(ARGV[a + 4])
  local at, start, used, before = now, 0, 0, 0
  local v = call('GET', KEYS[i])
  if v then
    start, used, before = string.match(v, '^(%d+) (%d+) (%d+)$')
    start, used, before = tonumber(start), tonumber(used), tonumber(before)
    if start > now then at = start end
  end
  local free, allowed, retry = room(at, most, period, x, y, start, used, before), 1, 0
  if free < 0 then free = 0 end
  if cost > most or most == 0 then
    allowed, retry = 0, -1
  elseif cost > free then
    allowed, retry = 0, admits(at, cost, most, period, x, y, start, used, before) - now
  end
  return allowed, free, retry, at, cost, period, x, y, start, used, before
end

-- settle makes charge i, if all are allowed, and returns its result.
local function settle(i, all, allowed, free, retry, at, cost, period, x, y, start, used, before)
  if not all or cost == 0 then
    return allowed, 0, free, retry, math.max(0, expiry(period, x, start, used, before) - now), 0, 0
  end
  local level
  start, used, before, level = charge(at, cost, period, x, y, start, used, before)
  local rest = expiry(period, x, start, used, before) - now
  call('SET', KEYS[i], format('%d %d %d', start, used, before), 'PX', format('%d', ceildiv(rest, 1000) + slack))
  return 1, cost, free - cost, 0, rest, at, level
end

if #KEYS == 1 then
  local function one(allowed, ...) return { settle(1, allowed == 1, allowed, ...) } end
  return one(decide(1))
end
local charges, results, all = {}, {}, true
for i = 1, #KEYS do
  charges[i] = { decide(i) }
  all = all and charges[i][1] == 1
end
for i = 1, #KEYS do
  local o = 7 * i
  results[o - 6], results[o - 5], results[o - 4], results[o - 3], results[o - 2], results[o - 1], results[o] =
    settle(i, all, unpack(charges[i]))
end
return results
