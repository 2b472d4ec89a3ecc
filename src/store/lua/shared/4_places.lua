-- Where a session is: {session, worker, epoch, address, port, guid, owner, in how long it is due}; nil if unsaid.
local function read_place(session)
  local place = redis.call('HMGET', session_key(session), 'worker', 'epoch', 'address', 'port', 'guid', 'owner')
  local deadline = redis.call('ZSCORE', DEADLINES, session)
  if not place[4] or not deadline then return nil end
  return { session, place[1], place[2], place[3], place[4], place[5], place[6], tonumber(deadline) - now }
end
