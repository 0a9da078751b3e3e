"""Lua scripts of the daily log, which Redis runs atomically."""

from __future__ import annotations

# KEYS: the three indices, the three hashes, the three sets of writing times, the changes, the
# revision counter. ARGV: the wall clock, the retention and the length of a bucket (µs).
EXPIRE = """
local now, bucket_us = tonumber(ARGV[1]), tonumber(ARGV[3])
local before = '(' .. string.format('%.0f', now - tonumber(ARGV[2]))
for row = 1, 3 do
  -- Records of an earlier build have no writing time: they count from now on.
  if redis.call('ZCARD', KEYS[row + 6]) < redis.call('ZCARD', KEYS[row]) then
    local known = redis.call('ZRANGE', KEYS[row], 0, -1)
    for i = 1, #known do redis.call('ZADD', KEYS[row + 6], 'NX', now, known[i]) end
  end
end
local emptied, expired = {}, 0
for row = 1, 3 do
  local old = redis.call('ZRANGEBYSCORE', KEYS[row + 6], '-inf', before)
  for _, id in ipairs(old) do
    local start = redis.call('ZSCORE', KEYS[row], id)
    if start then emptied[math.floor(tonumber(start) / bucket_us) * bucket_us] = true end
    redis.call('ZREM', KEYS[row], id)
    redis.call('HDEL', KEYS[row + 3], id)
    redis.call('ZREM', KEYS[row + 6], id)
    expired = expired + 1
  end
end
for start, _ in pairs(emptied) do
  local left = 0
  local first, past = string.format('%.0f', start), string.format('(%.0f', start + bucket_us)
  for row = 1, 3 do left = left + redis.call('ZCOUNT', KEYS[row], first, past) end
  if left == 0 then redis.call('ZREM', KEYS[10], string.format('%.0f', start * 1000)) end
end
"""
# Further ARGV: the row that was written (1 to 3), the number of records, their ids, then the
# changed buckets. Runs in the transaction of the write: no reader sees a revision before its
# records.
AFTER_WRITE = (
    """
local written = tonumber(ARGV[4]) + 6
local last = tonumber(ARGV[5]) + 5
for i = 6, last do redis.call('ZADD', KEYS[written], tonumber(ARGV[1]), ARGV[i]) end
"""
    + EXPIRE
    + """
-- A revision is the wall time of its write (ms), so it also shows when the device last sent data,
-- and exceeds every revision that a reader may hold from before a loss of the store.
local revision = math.max(math.floor(now / 1000), (tonumber(redis.call('GET', KEYS[11])) or 0) + 1)
redis.call('SET', KEYS[11], string.format('%.0f', revision))
for i = last + 1, #ARGV do redis.call('ZADD', KEYS[10], revision, ARGV[i]) end
return revision
"""
)
# Further KEYS: the set of devices. Further ARGV: the device, which is removed if nothing is left.
EXPIRE_SILENT = (
    EXPIRE
    + """
local left = 0
for row = 1, 3 do left = left + redis.call('ZCARD', KEYS[row]) end
if left == 0 then
  for i = 1, 11 do redis.call('DEL', KEYS[i]) end
  redis.call('SREM', KEYS[12], ARGV[4])
end
return expired
"""
)

# KEYS: the changes, the revision counter. ARGV: the wall clock (ms), then the changed buckets.
AFTER_CORRECTION = """
local revision = math.max(tonumber(ARGV[1]), (tonumber(redis.call('GET', KEYS[2])) or 0) + 1)
redis.call('SET', KEYS[2], string.format('%.0f', revision))
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], revision, ARGV[i]) end
return revision
"""
