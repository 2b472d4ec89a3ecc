-- The creates that wait, of all gateways, by start-time fair queueing: an owner's next ticket is tagged one after that
-- owner's last, but no earlier than what was served last; the lowest tag is next. A ticket is its number, session and
-- owner in one string, so that tickets of one tag are served in the order they came.
local QUEUE = 'pbaas:queue' -- tickets by tag
local ASKED = 'pbaas:queue:asked' -- tickets by when they last asked
local TICKETS = 'pbaas:queue:tickets' -- session to ticket
local TURN = 'pbaas:queue:turn' -- the last number given and the last tag served

local function line_key(owner)
  return 'pbaas:queue:of:' .. owner
end

local function session_of(ticket)
  return ticket:sub(17, 48)
end

local function owner_of(ticket)
  return ticket:sub(49)
end

local function tag_served()
  return tonumber(redis.call('HGET', TURN, 'served') or 0)
end

local function touch_ticket(ticket)
  redis.call('ZADD', ASKED, now, ticket)
  for _, key in ipairs({ QUEUE, ASKED, TICKETS, TURN, line_key(owner_of(ticket)) }) do
    redis.call('PEXPIRE', key, KEEP_MS)
  end
end

local function join_queue(session, owner)
  local number = redis.call('HINCRBY', TURN, 'number', 1)
  local ticket = string.format('%016d', number) .. session .. owner
  local last = redis.call('ZREVRANGE', line_key(owner), 0, 0, 'WITHSCORES')
  local tag = math.max(tag_served(), tonumber(last[2] or 0)) + 1
  redis.call('ZADD', QUEUE, tag, ticket)
  redis.call('ZADD', line_key(owner), tag, ticket)
  redis.call('HSET', TICKETS, session, ticket)
  return ticket
end

local function remove_ticket(ticket)
  redis.call('ZREM', QUEUE, ticket)
  redis.call('ZREM', ASKED, ticket)
  redis.call('ZREM', line_key(owner_of(ticket)), ticket)
  redis.call('HDEL', TICKETS, session_of(ticket))
end

-- Those who came after a ticket that left unserved move up, or their owner would pay for turns it did not take.
local function close_ranks(owner)
  local line = redis.call('ZRANGE', line_key(owner), 0, -1, 'WITHSCORES')
  local served, last = tag_served(), 0
  for i = 1, #line, 2 do
    local tag = math.min(tonumber(line[i + 1]), math.max(served, last) + 1)
    if tag ~= tonumber(line[i + 1]) then
      redis.call('ZADD', QUEUE, tag, line[i])
      redis.call('ZADD', line_key(owner), tag, line[i])
    end
    last = tag
  end
end

local function serve_ticket(ticket)
  local tag = tonumber(redis.call('ZSCORE', QUEUE, ticket))
  if tag > tag_served() then redis.call('HSET', TURN, 'served', tag) end
  remove_ticket(ticket)
end

local function leave_queue(session)
  local ticket = redis.call('HGET', TICKETS, session)
  if not ticket then return end
  remove_ticket(ticket)
  close_ranks(owner_of(ticket))
end

-- Tickets that nobody asked for any more leave, as those of a gateway that died do.
local function expire_tickets(ticket_max)
  local owners = {}
  for _, ticket in ipairs(redis.call('ZRANGEBYSCORE', ASKED, '-inf', now - ticket_max)) do
    remove_ticket(ticket)
    owners[owner_of(ticket)] = true
  end
  for owner in pairs(owners) do
    close_ranks(owner)
  end
end
