-- Forgets buckets, and tells of it.
-- KEYS: the buckets. ARGV: the channel, and the scopes of the buckets, each once.
for _, key in ipairs(KEYS) do redis.call('DEL', key) end
for i = 2, #ARGV do redis.call('PUBLISH', ARGV[1], ARGV[i]) end
