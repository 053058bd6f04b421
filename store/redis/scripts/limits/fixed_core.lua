-- The window begins at start and holds used units; x, y and before are not
-- used.

local function room(at, most, period, _, _, start, used)
  if at - start >= period then return most end
  return most - used
end

local function admits(_, _, _, period, _, _, start) return start + period end

local function charge(at, n, period, _, _, start, used)
  if used == 0 or at - start >= period then return at, n, 0, 0 end
  return start, used + n, 0, 0
end

local function expiry(period, _, start, used)
  if used == 0 then return 0 end
  return start + period
end
