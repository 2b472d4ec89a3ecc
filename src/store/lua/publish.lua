-- Says where a session is: session, worker, epoch, address, port, guid, owner, and in how long it is due.
local session, id, epoch, address, port, guid, owner = unpack(ARGV, 1, 7)
local due_in = tonumber(ARGV[8])
local key = session_key(session)
local before = redis.call('HMGET', key, 'worker', 'epoch')
if before[1] and (before[1] ~= id or before[2] ~= epoch) then free_slot(before[1], before[2], session) end
redis.call('HSET', key, 'worker', id, 'epoch', epoch, 'address', address, 'port', port, 'guid', guid, 'owner', owner)
redis.call('PEXPIRE', key, math.max(due_in, 0) + KEEP_MS)
redis.call('ZADD', DEADLINES, now + due_in, session)
take_slot(id, epoch, session)
rank_run(id, epoch)
return redis.status_reply('OK')
