local fixed = simple(room, admits, charge, expiry)
strategies.f = fixed

function fixed.refund(c, at)
  if c.rat < c.at then return 0 end
  local used = 0
  if at - c.at < c.period then used = c.used end
  local back = math.min(c.cost, used)
  c.used = c.used - back
  return back
end
