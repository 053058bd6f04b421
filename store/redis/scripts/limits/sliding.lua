local sliding = simple(room, admits, charge, expiry)
strategies.s = sliding

function sliding.refund(c, at)
  local start, used, before = slid(at, c.period, c.at, c.used, c.before)
  local back = 0
  if c.rat >= start then
    back = math.min(c.cost, used)
    used = used - back
  elseif c.rat >= start - c.period then
    back = math.min(c.cost, before)
    before = before - back
  end
  if back > 0 then c.at, c.used, c.before = start, used, before end
  return back
end
