"""Lua scripts of the daily log, which Redis runs atomically."""

from __future__ import annotations

from infra.redis.erasure_marks import IS_ERASED
from infra.redis.store_clock import NOW_US

# KEYS: the three indices, the three hashes, the three sets of writing times, the changes, the
# revision counter. ARGV: the wall clock, '' for the store's own, the retention and the length of a
# bucket (µs). `now` is that clock's time.
EXPIRE = """
local bucket_us = tonumber(ARGV[3])
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
# Further KEYS: the set of devices, the marks of erased ones. Further ARGV: the device, the erasure
# that the records come after (ms), their row (1 to 3) and number, of each the id, the start (µs)
# and the JSON, then the changed buckets. Returns whether they are written.
PUT_RECORDS = (
    IS_ERASED
    + NOW_US
    + """
if is_erased(KEYS[13], ARGV[4], ARGV[5]) then return 0 end
local now = now_us(ARGV[1])
redis.call('SADD', KEYS[12], ARGV[4])
local row, last = tonumber(ARGV[6]), 7 + 3 * tonumber(ARGV[7])
for i = 8, last, 3 do
  redis.call('ZADD', KEYS[row], ARGV[i + 1], ARGV[i])
  redis.call('HSET', KEYS[row + 3], ARGV[i], ARGV[i + 2])
  redis.call('ZADD', KEYS[row + 6], now, ARGV[i])
end
"""
    + EXPIRE
    + """
-- A revision is the wall time of its write (ms), so it also shows when the device last sent data,
-- and exceeds every revision that a reader may hold from before a loss of the store.
local revision = math.max(math.floor(now / 1000), (tonumber(redis.call('GET', KEYS[11])) or 0) + 1)
redis.call('SET', KEYS[11], string.format('%.0f', revision))
for i = last + 1, #ARGV do redis.call('ZADD', KEYS[10], revision, ARGV[i]) end
return 1
"""
)
# Further KEYS: the set of devices. Further ARGV: the device, which is removed if nothing is left.
EXPIRE_SILENT = (
    NOW_US
    + "local now = now_us(ARGV[1])"
    + EXPIRE
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

# KEYS: the index, the hash, the changes, the revision counter, the marks of erased devices. ARGV:
# the wall clock (µs), '' for the store's own, the device, the erasure that the corrections come
# after (ms), their number, of each the id, the start (µs) and the JSON, then the changed buckets.
# Returns whether they are written.
PUT_CORRECTIONS = (
    IS_ERASED
    + NOW_US
    + """
if is_erased(KEYS[5], ARGV[2], ARGV[3]) then return 0 end
local last = 4 + 3 * tonumber(ARGV[4])
for i = 5, last, 3 do
  redis.call('ZADD', KEYS[1], ARGV[i + 1], ARGV[i])
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 2])
end
local now_ms = math.floor(now_us(ARGV[1]) / 1000)
local revision = math.max(now_ms, (tonumber(redis.call('GET', KEYS[4])) or 0) + 1)
redis.call('SET', KEYS[4], string.format('%.0f', revision))
for i = last + 1, #ARGV do redis.call('ZADD', KEYS[3], revision, ARGV[i]) end
return 1
"""
)

# KEYS: the revision counter, which a device that was erased meanwhile has no more.
BUMP_REVISION = """
return redis.call('EXISTS', KEYS[1]) == 1 and redis.call('INCR', KEYS[1]) or 0
"""

# KEYS: a hash, the marks of erased devices. ARGV: the device, the erasure that the fields come
# after (ms), how long the hash is kept (s), each field and its value.
PUT_FIELDS = (
    IS_ERASED
    + """
if is_erased(KEYS[2], ARGV[1], ARGV[2]) then return 0 end
for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""
)

# KEYS: the decisions, the marks of erased devices. ARGV: the device, the erasure that the decision
# comes after (ms), the decision, when it was written (ms), how many are kept.
PUT_DECISION = (
    IS_ERASED
    + """
if is_erased(KEYS[2], ARGV[1], ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[4], ARGV[3])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -tonumber(ARGV[5]) - 1)
return 1
"""
)
