-- KEYS: the namespace's set. ARGV: tags.
local now = present(KEYS[1])
local floor = tonumber(redis.call('ZSCORE', KEYS[1], 'floor')) or now
local reply = {now}
for i, tag in ipairs(ARGV) do
  reply[i + 1] = tonumber(redis.call('ZSCORE', KEYS[1], ':' .. tag) or floor)
end
keep(KEYS[1])
return reply
