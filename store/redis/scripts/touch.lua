-- KEYS: the key. ARGV: its new life.
if look(KEYS[1]) ~= 'value' then
  return 0
end
if ARGV[1] == '0' then
  redis.call('PERSIST', KEYS[1])
else
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return 1
