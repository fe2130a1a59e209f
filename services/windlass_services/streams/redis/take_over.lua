-- Claims what a group was given and never acknowledged, whoever had it.
-- When nothing is left, forgets the consumers that are gone: names are made anew by every process.
-- KEYS[1] the stream
-- ARGV[1] the group, ARGV[2] the consumer, ARGV[3] how many entries at most
local stream, group, consumer = KEYS[1], ARGV[1], ARGV[2]

local cursor = '0-0'
repeat
  local reply = redis.call('XAUTOCLAIM', stream, group, consumer, 0, cursor, 'COUNT', ARGV[3])
  if #reply[2] > 0 then return reply[2] end
  cursor = reply[1]
until cursor == '0-0'

for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do
  local fields = {}
  for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
  -- One with pending entries cannot be here, but deleting it would lose them.
  if fields['pending'] == 0 and fields['name'] ~= consumer then
    redis.call('XGROUP', 'DELCONSUMER', stream, group, fields['name'])
  end
end
return {}
