-- The status of each of these workers that is there; those that are gone leave the list.
local statuses = {}
for _, id in ipairs(ARGV) do
  local worker = read_worker(id)
  if worker then
    statuses[#statuses + 1] = status_of(worker)
  else
    redis.call('ZREM', WORKERS, id)
  end
end
return statuses
