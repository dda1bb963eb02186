-- Takes the stubs of one shard that are due.
-- KEYS[1]: the shard's sorted set. ARGV[1]: now, in microseconds. ARGV[2]: at most this many.
-- Returns {{stub, due, stub, due, ...}, when the next one is due or nil}.
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])
if #due > 0 then
  -- What was just read are the lowest ranks: a range needs no list of members.
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, #due / 2 - 1)
end
-- `false`, for a nil would end the list before it.
return {due, redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] or false}
