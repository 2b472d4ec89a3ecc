-- The keys of the fleet and its clock, before every script. Keys are made here from ids, so the fleet needs one
-- primary, not a Redis cluster. All times are of Redis's own clock: nobody else's has to agree with it.
local KEEP_MS = 3600000 -- What nobody refreshes or forgets is gone after this long.
local WORKERS = 'pbaas:workers'
local DEADLINES = 'pbaas:deadlines'

local function worker_key(id)
  return 'pbaas:worker:' .. id
end

-- Sessions with a slot in one run of a worker, each by the moment it was counted in, or 0 once the worker knows it.
local function slots_key(id, epoch)
  return 'pbaas:slots:' .. id .. ':' .. epoch
end

local function session_key(session)
  return 'pbaas:session:' .. session
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
