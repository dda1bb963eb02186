-- Takes an entry back, while its window runs. KEYS: the subject.
if tonumber(redis.call('GET', KEYS[1]) or 0) > 0 then redis.call('DECR', KEYS[1]) end
return 0
