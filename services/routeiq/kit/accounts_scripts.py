"""What Redis does with accounts, a script for each operation; `kit.accounts` says what they mean.

An account is a hash: `p` period, `s` spent, `h` held, `c` when it was last swept, `w` the watermarks that `s` was read
with (`;journal=sequence;...;`; empty: it was not), and `e:<id>` = `amount,lapses,sequence,journal` for each entry.
Times are milliseconds of Redis' own clock. Numbers go through doubles: exact to 2^53."""

from __future__ import annotations

_COMMON = """
local function text(n) return string.format('%.0f', n) end
local function clock(given)
  if given ~= '' then return tonumber(given) end
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function amount_of(entry) return entry and tonumber(string.match(entry, '^%d+')) or 0 end
local function passed(w, journal, sequence)
  if journal == '' or not w then return false end
  local _, at = string.find(w, ';' .. journal .. '=', 1, true)
  return at ~= nil and tonumber(sequence) <= tonumber(string.match(w, '^%d+', at + 1))
end
-- Drop what has lapsed or is passed. Returns: what is held.
local function clear(key, now, w)
  local all, gone, held = redis.call('HGETALL', key), {}, 0
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 2) == 'e:' then
      local amount, lapses, sequence, journal = string.match(all[i + 1], '^(%d+),(%d+),(%d+),(.*)$')
      if tonumber(lapses) <= now or passed(w, journal, sequence) then
        gone[#gone + 1] = all[i]
      else
        held = held + tonumber(amount)
      end
    end
  end
  for i = 1, #gone do redis.call('HDEL', key, gone[i]) end
  redis.call('HSET', key, 'h', text(held), 'c', text(now))
  return held
end
"""

RESERVE = (
    _COMMON
    + """
-- ARGV: now, lease, sweep after, id; of each account: most, amount, clamp, period.
local now, id = clock(ARGV[1]), 'e:' .. ARGV[4]
local helds, amounts, clamped = {}, {}, false
for i, key in ipairs(KEYS) do
  local a = 4 * i + 1
  local got = redis.call('HMGET', key, 'p', 's', 'h', 'c', id)
  if not got[1] or tonumber(got[1]) < tonumber(ARGV[a + 3]) then return 'u' .. i end
  local amount, firm = tonumber(ARGV[a + 1]), ARGV[a + 2] == '0'
  local held, old = tonumber(got[3]), amount_of(got[5])
  local most = tonumber(ARGV[a]) - tonumber(got[2])
  local left = most - held + old
  if (left <= 0 or (firm and amount > left)) and now - tonumber(got[4]) >= tonumber(ARGV[3]) then
    held = clear(key, now, nil)
    old = amount_of(redis.call('HGET', key, id))
    left = most - held + old
  end
  if left <= 0 or (firm and amount > left) then return 'r' .. i .. ' ' .. got[2] .. ' ' .. text(held) end
  if amount > left then amount, clamped = left, true end
  helds[i], amounts[i] = held - old + amount, text(amount)
end
local rest = ',' .. text(now + ARGV[2]) .. ',0,'
for i, key in ipairs(KEYS) do redis.call('HSET', key, 'h', text(helds[i]), id, amounts[i] .. rest) end
return clamped and 't' .. table.concat(amounts, ' ') or 1
"""
)

SETTLE = (
    _COMMON
    + """
-- ARGV: now, lease, id, journal, sequence; of each account: cost.
local id, journal, sequence = 'e:' .. ARGV[3], ARGV[4], ARGV[5]
local rest = ',' .. text(clock(ARGV[1]) + ARGV[2]) .. ',' .. sequence .. ',' .. journal
for i, key in ipairs(KEYS) do
  local cost, got = ARGV[5 + i], redis.call('HMGET', key, 's', 'h', 'w', id)
  if got[1] then
    local held = tonumber(got[2]) - amount_of(got[4])
    if cost == '0' or journal == '' or passed(got[3], journal, sequence) then
      if got[4] then
        redis.call('HSET', key, 'h', text(held))
        redis.call('HDEL', key, id)
      end
      if journal == '' then redis.call('HSET', key, 's', text(tonumber(got[1]) + cost)) end
    else
      redis.call('HSET', key, 'h', text(held + cost), id, cost .. rest)
    end
  end
end
return 1
"""
)

ROUND = (
    _COMMON
    + """
-- ARGV: now, lease, sweep after, lives for (s), watermarks; of each account: by the ledger, period, spent, how many
-- entries; of each entry: id, amount, sequence, journal. Returns: how many accounts were not known.
local now, marks, at, new = clock(ARGV[1]), ARGV[5], 6, 0
local lapses = text(now + ARGV[2])
for i, key in ipairs(KEYS) do
  local ledger, period, spent, count = ARGV[at] == '1', tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), ARGV[at + 3]
  at = at + 4
  local got = redis.call('HMGET', key, 'p', 's', 'h', 'c', 'w')
  local held, w = tonumber(got[3] or 0), got[5]
  if not got[1] then
    new, w = new + 1, ledger and marks or ''
    redis.call('HSET', key, 'p', ARGV[at - 3], 's', ARGV[at - 2], 'h', 0, 'c', text(now), 'w', w)
  else
    local old, before = tonumber(got[1]), tonumber(got[2])
    if period > old or (ledger and period == old and (spent > before or (spent == before and w == ''))) then
      w = ledger and marks or ''
      redis.call('HSET', key, 'p', ARGV[at - 3], 's', ARGV[at - 2], 'w', w)
      held = clear(key, now, w)
    elseif now - tonumber(got[4]) >= tonumber(ARGV[3]) then
      held = clear(key, now, ledger and period == old and spent == before and marks)
    end
  end
  for _ = 1, count do
    local id, amount, sequence, journal = 'e:' .. ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
    at = at + 4
    if not passed(w, journal, sequence) then
      held = held + amount - amount_of(redis.call('HGET', key, id))
      redis.call('HSET', key, id, amount .. ',' .. lapses .. ',' .. sequence .. ',' .. journal)
    end
  end
  redis.call('HSET', key, 'h', text(held))
  redis.call('EXPIRE', key, ARGV[4])
end
return new
"""
)
