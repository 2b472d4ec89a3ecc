-- Gives places that are due, the longest overdue first, and to nobody else for a while: hold, limit.
local hold, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local claimed = {}
for _, session in ipairs(redis.call('ZRANGEBYSCORE', DEADLINES, '-inf', now, 'LIMIT', 0, limit)) do
  local place = read_place(session)
  if place then
    claimed[#claimed + 1] = place
    redis.call('ZADD', DEADLINES, now + hold, session)
    redis.call('PEXPIRE', session_key(session), hold + KEEP_MS)
  else
    redis.call('ZREM', DEADLINES, session)
  end
end
return claimed
