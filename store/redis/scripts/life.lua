-- KEYS: the key. Returns milliseconds, -1 for ever, -2 no value.
if look(KEYS[1]) ~= 'value' then
  return -2
end
return redis.call('PTTL', KEYS[1])
