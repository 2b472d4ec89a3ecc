-- How many creates wait: ticket_max.
expire_tickets(tonumber(ARGV[1]))
return redis.call('ZCARD', QUEUE)
