-- decide judges a charge at its bucket's time, and changes nothing.
local function decide(c)
  local s, at = c.s, math.max(now, c.at)
  c.room = math.max(0, s.room(c, at))
  c.allowed, c.grant, c.retry = 0, 0, 0
  local least = c.least
  if least == 0 then least = c.cost end
  if c.held then
    c.allowed, c.grant = 1, c.held
  elseif c.most == 0 or least > c.most then
    c.retry = -1
  elseif least <= c.room then
    c.allowed, c.grant = 1, math.min(c.cost, c.room)
  else
    c.retry = s.admits(c, at, least) - now
  end
end

local charges, all, k = {}, true, 0
for i = 3, #ARGV, 10 do
  k = k + 1
  local name = ARGV[i]
  local c = {
    s = strategies[name], name = name, key = KEYS[k], cost = tonumber(ARGV[i + 2]), least = tonumber(ARGV[i + 3]),
    most = tonumber(ARGV[i + 4]), period = tonumber(ARGV[i + 5]), y = tonumber(ARGV[i + 7]),
    rat = tonumber(ARGV[i + 8]), rlevel = tonumber(ARGV[i + 9]),
    check = string.find(ARGV[i + 1], 'c', 1, true), soft = string.find(ARGV[i + 1], 's', 1, true),
  }
  if name == 'c' then
    k = k + 1
    c.sums, c.x = KEYS[k], ARGV[i + 6]
  else
    c.x = tonumber(ARGV[i + 6])
  end
  c.s.load(c)
  decide(c)
  if c.allowed == 0 and not c.soft then all = false end
  charges[#charges + 1] = c
end

local results = {}
for _, c in ipairs(charges) do
  local s, at = c.s, math.max(now, c.at)
  local granted, rat, rlevel, changed = 0, 0, 0, false
  if op == 'take' and all and c.allowed == 1 and not c.check and c.grant > 0 then
    granted, changed = c.grant, true
    if c.held then
      s.extend(c, at)
    else
      rat, rlevel = at, s.charge(c, at, granted)
      c.room = c.room - granted
    end
  elseif op == 'refund' then
    granted, changed = s.refund(c, at)
    if changed == nil then changed = granted > 0 end
  elseif op == 'extend' and s.extend then
    granted = s.extend(c, at)
    changed = granted > 0
  end
  if op ~= 'take' and op ~= 'peek' then
    c.allowed, c.retry = 0, 0
    c.room = math.max(0, s.room(c, at))
  end
  local expiry = s.expiry(c)
  if changed then
    if c.used == 0 and (c.name ~= 's' or c.before == 0) then
      redis.call('DEL', c.key) -- what holds nothing is as new
      if c.sums then redis.call('DEL', c.sums) end
      expiry = 0
    else
      s.save(c, expiry)
    end
  end
  for _, n in ipairs({ c.allowed, granted, c.room, c.retry, math.max(0, expiry - now), rat, rlevel }) do
    results[#results + 1] = n
  end
end
return results
