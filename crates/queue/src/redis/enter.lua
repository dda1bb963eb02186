-- Counts an entry in the window that began with the first, if it is not full.
-- KEYS: the subject. ARGV: entries of a window, its milliseconds.
-- Answers -1, or the milliseconds to the end of a full window.
local count = tonumber(redis.call('GET', KEYS[1]) or 0)
if count >= tonumber(ARGV[1]) then return math.max(redis.call('PTTL', KEYS[1]), 0) end
if redis.call('INCR', KEYS[1]) == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return -1
