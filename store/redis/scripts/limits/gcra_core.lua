-- The debt at start is used; x is the plan's Drain and y its Price; period and
-- before are not used.

local function debt(at, x, owed, since)
  if owed == 0 or at - since >= ceildiv(owed, x) then return 0 end
  return owed - x * (at - since)
end

local function room(at, most, _, x, y, start, used)
  if most == 0 then return 0 end
  return div(math.max(0, most * y - debt(at, x, used, start)), y)
end

local function admits(at, n, most, _, x, y, start, used)
  return at + ceildiv(debt(at, x, used, start) - (most - n) * y, x)
end

local function charge(at, n, _, x, y, start, used)
  used = debt(at, x, used, start) + n * y
  return at, used, 0, used
end

local function expiry(_, x, start, used)
  if used == 0 then return 0 end
  return start + ceildiv(used, x)
end
