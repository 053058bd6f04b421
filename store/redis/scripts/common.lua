-- What is under a key: 'value'; 'lease' and its holder; or nothing.
local function look(key)
  local n = redis.call('STRLEN', key)
  if n == 23 then
    local v = redis.call('GET', key)
    if string.sub(v, 1, 7) == '\0lease\0' then
      return 'lease', string.sub(v, 8)
    end
    return 'value'
  end
  if n > 0 or redis.call('EXISTS', key) == 1 then
    return 'value'
  end
  return 'nothing'
end

-- Stores v for life milliseconds, 0 for ever.
local function put(key, v, life)
  if life == '0' then
    redis.call('SET', key, v)
  else
    redis.call('SET', key, v, 'PX', life)
  end
end
