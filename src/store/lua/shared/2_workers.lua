-- Workers and their slots. What is used is always the number of members of the slots: no counter that could drift.
local function read_worker(id)
  local fields = redis.call('HMGET', worker_key(id), 'epoch', 'address', 'capacity', 'state', 'version', 'warm')
  if not fields[1] then return nil end
  return {
    id = id,
    epoch = fields[1],
    address = fields[2],
    capacity = tonumber(fields[3]),
    state = fields[4],
    version = fields[5],
    warm = tonumber(fields[6] or 0), -- The version before has no spares.
    used = redis.call('ZCARD', slots_key(id, fields[1])),
  }
end

local function status_of(worker)
  return { worker.id, worker.epoch, worker.address, worker.capacity, worker.used, worker.state, worker.version,
    worker.warm }
end

-- Puts a worker where its load belongs: below 1 are those with room. Of equals, the one whose load has not changed for
-- longest comes first; that share is smaller than the least difference of two loads.
local function rank_worker(worker)
  local load = 1
  if worker.capacity > 0 then load = worker.used / worker.capacity end
  if worker.state ~= 'ready' then load = load + 1000 end
  redis.call('ZADD', WORKERS, string.format('%.17g', load + now % 1000000 * 1e-13), worker.id)
end

local function rank_run(id, epoch)
  local worker = read_worker(id)
  if worker and worker.epoch == epoch then rank_worker(worker) end
end

local function take_slot(id, epoch, session)
  local slots = slots_key(id, epoch)
  redis.call('ZADD', slots, 'NX', now, session)
  redis.call('PEXPIRE', slots, KEEP_MS)
end

local function free_slot(id, epoch, session)
  if redis.call('ZREM', slots_key(id, epoch), session) == 1 then rank_run(id, epoch) end
end

-- The least loaded worker with room that is not to be avoided, if more slots than `ahead` are free in all on such.
-- Workers that are gone leave here.
local function choose(ahead, avoid)
  local best, seen, from = nil, 0, 0
  while true do
    local page = redis.call('ZRANGE', WORKERS, from, from + math.min(ahead, 63), 'WITHSCORES')
    if #page == 0 then return nil end
    for i = 1, #page, 2 do
      if tonumber(page[i + 1]) >= 1 then return nil end
      local worker = read_worker(page[i])
      if not worker then
        redis.call('ZREM', WORKERS, page[i])
      elseif worker.state ~= 'ready' or worker.used >= worker.capacity then
        rank_worker(worker)
      else
        from = from + 1
        if not avoid[worker.id] then
          best = best or worker
          seen = seen + worker.capacity - worker.used
        end
        if best and seen > ahead then return best end
      end
    end
  end
end

-- Forgets where a session is, if it is in that run of a worker.
local function drop_place(session, id, epoch)
  local place = redis.call('HMGET', session_key(session), 'worker', 'epoch')
  if place[1] ~= id or place[2] ~= epoch then return end
  redis.call('DEL', session_key(session))
  redis.call('ZREM', DEADLINES, session)
end

-- Forgets one run of a worker and what was placed on it; a run that came after it stays.
local function forget_run(id, epoch)
  local slots = slots_key(id, epoch)
  for _, session in ipairs(redis.call('ZRANGE', slots, 0, -1)) do
    drop_place(session, id, epoch)
  end
  redis.call('DEL', slots)
  if redis.call('HGET', worker_key(id), 'epoch') == epoch then
    redis.call('DEL', worker_key(id))
    redis.call('ZREM', WORKERS, id)
  end
end
