local gcra = simple(room, admits, charge, expiry)
strategies.g = gcra

function gcra.refund(c, at)
  if c.most == 0 then return 0 end
  local owed = debt(at, c.x, c.used, c.at)
  local back = math.min(c.cost * c.y, debt(math.max(at, c.rat), c.x, c.rlevel, c.rat), owed)
  if back <= 0 then return 0 end
  c.at, c.used = at, owed - back
  return div(back, c.y), true -- less than a unit is taken back too
end
