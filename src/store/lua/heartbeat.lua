-- A worker says how it is: id, epoch, address, capacity, state, version, warm, worker_max, placement_max, and the
-- sessions that hold a slot there. Gives {how many slots were dropped, the sessions that have no place}.
local id, epoch, address, capacity, state, version, warm = unpack(ARGV, 1, 7)
local worker_max, placement_max = tonumber(ARGV[8]), tonumber(ARGV[9])
local FIRST, PAGE = 10, 500 -- Lua takes some thousand arguments at most.
local slots = slots_key(id, epoch)

local function say_that_it_is_there()
  local before = redis.call('HGET', worker_key(id), 'epoch')
  if before and before ~= epoch then forget_run(id, before) end
  redis.call('HSET', worker_key(id), 'epoch', epoch, 'address', address, 'capacity', capacity, 'state', state,
    'version', version, 'warm', warm)
  redis.call('PEXPIRE', worker_key(id), worker_max)
end

-- A session that was not counted in is one Redis lost, or one the worker took before Redis knew.
local function note_place(session)
  local key = session_key(session)
  if redis.call('HSETNX', key, 'worker', id) == 1 then
    redis.call('HSET', key, 'epoch', epoch)
    redis.call('PEXPIRE', key, KEEP_MS)
  end
end

local function count_in_page(from, to, unpublished)
  local counted = redis.call('ZMSCORE', slots, unpack(ARGV, from, to))
  local published = redis.call('ZMSCORE', DEADLINES, unpack(ARGV, from, to))
  local known = {}
  for i = 1, to - from + 1 do
    local session = ARGV[from + i - 1]
    if not counted[i] then note_place(session) end
    if counted[i] ~= '0' then
      known[#known + 1] = '0'
      known[#known + 1] = session
    end
    if not published[i] then unpublished[#unpublished + 1] = session end
  end
  if #known > 0 then redis.call('ZADD', slots, unpack(known)) end
end

local function count_in_sessions()
  local unpublished = {}
  for from = FIRST, #ARGV, PAGE do
    count_in_page(from, math.min(from + PAGE - 1, #ARGV), unpublished)
  end
  return unpublished
end

-- Sessions the worker said it had and now does not: they ended there.
local function drop_ended()
  if redis.call('ZCOUNT', slots, 0, 0) <= #ARGV - FIRST + 1 then return end
  local held = {}
  for i = FIRST, #ARGV do
    held[ARGV[i]] = true
  end
  for _, session in ipairs(redis.call('ZRANGEBYSCORE', slots, 0, 0)) do
    if not held[session] then
      redis.call('ZREM', slots, session)
      drop_place(session, id, epoch)
    end
  end
end

local function drop_what_never_came()
  local late = redis.call('ZRANGEBYSCORE', slots, '(0', now - placement_max)
  for _, session in ipairs(late) do
    redis.call('ZREM', slots, session)
    drop_place(session, id, epoch)
  end
  return #late
end

say_that_it_is_there()
local unpublished = count_in_sessions()
drop_ended()
local dropped = drop_what_never_came()
redis.call('PEXPIRE', slots, KEEP_MS)
rank_run(id, epoch)
redis.call('PEXPIRE', WORKERS, KEEP_MS)
return { dropped, unpublished }
