-- Drops one run of a worker and what was placed on it: id, epoch.
forget_run(ARGV[1], ARGV[2])
return redis.status_reply('OK')
