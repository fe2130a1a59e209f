-- Appends messages to one partition and keeps it under its cap.
-- KEYS[1] the stream, KEYS[2] its gaps hash
-- ARGV[1] the cap, ARGV[2] the length at which to trim back to it, then key, id, done_for and body of each
local stream, gaps = KEYS[1], KEYS[2]

for i = 3, #ARGV, 4 do
  redis.call(
    'XADD', stream, '*', 'k', ARGV[i], 'i', ARGV[i + 1], 'd', ARGV[i + 2], 'b', ARGV[i + 3]
  )
end

if redis.call('XLEN', stream) <= tonumber(ARGV[2]) then
  return 0
end

local function named(flat)
  local fields = {}
  for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
  return fields
end

-- The oldest entry each group still wants: delivered and not acknowledged, or else not delivered.
local wanted = {}
for _, flat in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  local group = named(flat)
  local pending = redis.call('XPENDING', stream, group['name'])
  if pending[1] > 0 then
    wanted[group['name']] = pending[2]
  else
    local following = redis.call('XRANGE', stream, '(' .. group['last-delivered-id'], '+', 'COUNT', 1)
    if following[1] then wanted[group['name']] = following[1][1] end
  end
end

redis.call('XTRIM', stream, 'MAXLEN', ARGV[1])

for group, id in pairs(wanted) do
  if #redis.call('XRANGE', stream, id, id) == 0 then
    redis.call('HINCRBY', gaps, 'lost:' .. group, 1)
  end
end
return 1
