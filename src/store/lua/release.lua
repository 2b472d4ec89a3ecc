-- Takes back a place in the queue, a slot and what was published: session.
local session = ARGV[1]
leave_queue(session)
local place = redis.call('HMGET', session_key(session), 'worker', 'epoch')
redis.call('DEL', session_key(session))
redis.call('ZREM', DEADLINES, session)
if place[1] then free_slot(place[1], place[2], session) end
return redis.status_reply('OK')
