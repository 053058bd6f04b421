-- The window begins at start and holds used units, the one before it before; x
-- is the plan's Step and y its Parts.

local function slid(at, period, start, used, before)
  local age = at - start
  if age >= period then
    start, used, before = start + period, 0, used
    if age >= 2 * period then before = 0 end
  end
  if used == 0 and before == 0 then start = at end
  return start, used, before
end

local function room(at, most, period, x, y, start, used, before)
  if most == 0 then return 0 end
  start, used, before = slid(at, period, start, used, before)
  if before == 0 then return most - used end
  return most - used - div(before * math.min(y, ceildiv(start + period - at, x)), y)
end

local function admits(at, n, most, period, x, y, start, used, before)
  start, used, before = slid(at, period, start, used, before)
  local room, ends = most - used - n, start + period
  if room < 0 then
    before, room, ends = used, most - n, ends + period
  end
  return ends - div((room + 1) * y - 1, before) * x
end

local function charge(at, n, period, _, _, start, used, before)
  start, used, before = slid(at, period, start, used, before)
  return start, used + n, before, 0
end

local function expiry(period, _, start, used, before)
  if used > 0 then return start + 2 * period end
  if before > 0 then return start + period end
  return 0
end
