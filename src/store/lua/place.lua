-- Asks for a slot: session, owner, queue_limit, ticket_max, and the ids of workers to avoid. Gives the worker's status, or {position}, or {} when too
-- many wait already.
local session, owner, queue_limit, ticket_max = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local avoid = {}
for i = 5, #ARGV do
  avoid[ARGV[i]] = true
end

local function placed_before()
  local place = redis.call('HMGET', session_key(session), 'worker', 'epoch')
  if not place[1] then return nil end
  local worker = read_worker(place[1])
  if not worker or worker.epoch ~= place[2] then return nil end
  return redis.call('ZSCORE', slots_key(worker.id, worker.epoch), session) and worker
end

local function count_in(worker)
  take_slot(worker.id, worker.epoch, session)
  worker.used = worker.used + 1
  rank_worker(worker)
  redis.call('HSET', session_key(session), 'worker', worker.id, 'epoch', worker.epoch)
  redis.call('PEXPIRE', session_key(session), KEEP_MS)
  return status_of(worker)
end

local placed = placed_before()
if placed then return status_of(placed) end
expire_tickets(ticket_max)
local waiting = redis.call('ZCARD', QUEUE)
if waiting == 0 then
  local worker = choose(0, avoid)
  if worker then return count_in(worker) end
end
local ticket = redis.call('HGET', TICKETS, session)
if not ticket then
  if waiting >= queue_limit then return {} end
  ticket = join_queue(session, owner)
end
touch_ticket(ticket)
local ahead = redis.call('ZRANK', QUEUE, ticket)
local worker = choose(ahead, avoid)
if not worker then return { ahead } end
serve_ticket(ticket)
return count_in(worker)
