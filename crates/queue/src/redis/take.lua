-- Takes one of the quota of each key, or of none: the generic cell rate algorithm. A key holds when its debt is
-- paid, in microseconds of this server's clock.
-- KEYS: the subjects. ARGV: for each the microseconds in which one comes back, and how many there are.
-- Answers 1 if it may happen, else 0; then the debt of each subject in microseconds.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local debts, allowed = {}, 1
for i, key in ipairs(KEYS) do
  local step, burst = tonumber(ARGV[2 * i - 1]), ARGV[2 * i - 1] * ARGV[2 * i]
  local debt = tonumber(redis.call('GET', key) or 0) - now
  -- Capped: a rate may have been lowered, and this server's clock set back.
  debts[i] = math.min(math.max(debt, 0), burst)
  if debts[i] + step > burst then allowed = 0 end
end
for i, key in ipairs(KEYS) do
  if allowed == 1 then
    debts[i] = debts[i] + ARGV[2 * i - 1]
    redis.call('SET', key, string.format('%.0f', now + debts[i]), 'PX', math.ceil(debts[i] / 1000))
  end
end
table.insert(debts, 1, allowed)
return debts
