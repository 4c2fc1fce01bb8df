/**
 * The scripts that run in Redis, in Lua: each is one atomic step there.
 *
 * A script is no transaction: what it wrote before an error stays written. So everything that can fail is judged before the
 * first write, and the first write is one that the server refuses if it has no memory left: HSET or XADD, and never DEL, behind
 * which the server refuses nothing more. Only commands of Redis 6.2 are used, and no numbers above 2^53.
 *
 * **The life of the server** changes with each restart, failover and promotion. Publications may be lost then. The
 * epoch of a channel is kept only if the caller proves that nothing is missing of what it knows: the channel still has the
 * offset and the tag that the caller has followed it to. Without a proof, a new epoch begins, after a time in which nodes that
 * have one get the first word. A caller that knows more than the server, or something else, shows that publications were lost:
 * then a new epoch begins as well, also later in that life.
 */
import { createHash } from "node:crypto";

/** Reads a channel and decides whether a new epoch begins: sets `fresh`, `moved`, `epoch`, `offset`, `tag`; `begin` begins it. */
const READ_CHANNEL = `
local m, s = KEYS[1], KEYS[2]
local life, grace = ARGV[1], ARGV[3] == '1'
local h = redis.call('HMGET', m, 'e', 'o', 't', 'l', 'v', 've')
local epoch, offset, tag = h[1], h[2] or '0', h[3] or ''
local fresh, moved = not epoch, epoch and h[4] ~= life
if epoch then
  local holds = nil
  if ARGV[4] == epoch then
    local at, newest = tonumber(ARGV[5]), tonumber(offset)
    if at == newest then holds = ARGV[6] == tag
    elseif at > newest then holds = false
    elseif at > 0 and (moved or ARGV[7] == 'deep') then
      local entry = redis.call('XRANGE', s, ARGV[5] .. '-0', ARGV[5] .. '-0')[1]
      if entry then holds = entry[2][2] == ARGV[6] end
    end
  end
  if holds == false then fresh = true
  elseif moved and not holds then
    if grace then return {'unverified'} end
    fresh = true
  end
end
local function begin()
  redis.call('HSET', m, 'e', epoch, 'o', offset, 't', tag, 'l', life)
  redis.call('HDEL', m, 'v', 've')
  redis.call('DEL', s)
end
`;

const KEEP_CHANNEL_MS = 24 * 60 * 60 * 1000;
const KEEP_KEY_MS = 5 * 60 * 1000;

const APPEND = `${READ_CHANNEL}
local k = KEYS[3]
local channel, newtag, size, ttl, skip = ARGV[8], ARGV[9], tonumber(ARGV[10]), tonumber(ARGV[11]), ARGV[12] == '1'
local form, fields, data, version, versionepoch = ARGV[13], ARGV[14], ARGV[15], ARGV[16], ARGV[17]
if fresh then
  epoch, offset, tag = ARGV[2], '0', ''
else
  if k then
    local was = redis.call('GET', k)
    if was then
      local of, at = string.match(was, '^(%S+) (%d+)$')
      if of == epoch then return {'repeated', at, epoch} end
    end
  end
  if version ~= '' and h[5] and tonumber(version) <= tonumber(h[5])
    and (versionepoch == '' or versionepoch == h[6]) then
    return {'skipped', offset, epoch}
  end
end
local kept = not skip and size > 0 and ttl > 0
local number, previous = '0', ''
if fresh then begin() end
if not skip then
  number, previous = string.format('%.0f', tonumber(offset) + 1), tag
  offset, tag = number, newtag
end
if kept then
  local time = redis.call('TIME')
  local expires = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ttl)
  local entry = {'XADD', s, 'MAXLEN', ARGV[10], number .. '-0',
    't', newtag, 'x', expires, 'm', form, 'f', fields, 'd', data}
  local added = redis.pcall(unpack(entry))
  if type(added) == 'table' and added.err then
    if not string.find(added.err, 'equal or smaller', 1, true) then return added end
    -- The history is of another numbering: it goes, and readers see that something is missing.
    redis.call('DEL', s)
    redis.call(unpack(entry))
  end
  redis.call('PEXPIRE', s, math.max(redis.call('PTTL', s), ttl))
end
redis.call('HSET', m, 'e', epoch, 'o', offset, 't', tag, 'l', life)
if version ~= '' then redis.call('HSET', m, 'v', version, 've', versionepoch) end
redis.call('PEXPIRE', m, math.max(redis.call('PTTL', m), ttl, ${KEEP_CHANNEL_MS}))
if not skip and not kept then redis.call('DEL', s) end
if k then redis.call('SET', k, epoch .. ' ' .. number, 'PX', ${KEEP_KEY_MS}) end
redis.call('PUBLISH', channel, table.concat({'p', epoch, number, previous, skip and '' or tag,
  form, ARGV[10], ARGV[11], string.len(fields)}, ' ') .. '\\n' .. fields .. data)
return {'stored', number, epoch}
`;

const STATE = `${READ_CHANNEL}
if fresh then
  local had = epoch
  epoch, offset, tag = ARGV[2], '0', ''
  begin()
  redis.call('PEXPIRE', m, ${KEEP_CHANNEL_MS})
  if had then redis.call('PUBLISH', ARGV[8], 'e ' .. epoch .. '\\n') end
else
  if moved then redis.call('HSET', m, 'l', life) end
  redis.call('PEXPIRE', m, math.max(redis.call('PTTL', m), ${KEEP_CHANNEL_MS}))
end
return {'known', offset, epoch, tag}
`;

/** Pages, so that a history of long publications is never in memory as a whole. */
const RANGE = `
local m, s = KEYS[1], KEYS[2]
local limit, most, down = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5] == '1'
local h = redis.call('HMGET', m, 'e', 'o', 't', 'l')
if h[1] and h[4] ~= ARGV[1] then return {'unverified'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local entries, bytes, more, done = {}, 0, '0', not h[1]
local cursor = ARGV[2]
if cursor == '' then cursor = down and '+' or '-' end
while not done do
  local page = down and redis.call('XREVRANGE', s, cursor, '-', 'COUNT', 64)
    or redis.call('XRANGE', s, cursor, '+', 'COUNT', 64)
  for _, entry in ipairs(page) do
    local values = entry[2]
    local size = string.len(values[8]) + string.len(values[10])
    if tonumber(values[4]) <= now and (down or #entries == 0) then
      if down then done = true break end
    elseif #entries == limit or (#entries > 0 and bytes + size > most) then
      more, done = '1', true
      break
    else
      bytes = bytes + size
      entries[#entries + 1] = entry
    end
  end
  if #page < 64 then done = true else cursor = '(' .. page[#page][1] end
end
return {'read', h[2] or '0', h[1] or '', h[3] or '', more, entries}
`;

const FORGET = `
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[1], 'x\\n')
return {'done'}
`;

/** A member's value is `<announce><length of the user>\n<user><info>`. */
const ANNOUNCE_LEAVE = `
local function announce(value, channel)
  if string.sub(value, 1, 1) ~= '1' then return end
  local length, start = string.match(value, '^1(%d+)\\n()')
  redis.call('PUBLISH', channel, 'l\\n' .. string.sub(value, start + tonumber(length)))
end
`;

const JOIN = `
local there = redis.call('HEXISTS', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if there == 0 and string.sub(ARGV[2], 1, 1) == '1' then
  redis.call('PUBLISH', ARGV[3], 'j\\n' .. ARGV[4])
end
return {'joined'}
`;

const LEAVE = `${ANNOUNCE_LEAVE}
local value = redis.call('HGET', KEYS[1], ARGV[1])
if value then
  redis.call('HDEL', KEYS[1], ARGV[1])
  announce(value, ARGV[2])
end
return {'done'}
`;

/** One step: removes the members of a node among some hundred; returns where to go on, 0 at the end. */
const LEAVE_ALL = `${ANNOUNCE_LEAVE}
local found = redis.call('HSCAN', KEYS[1], ARGV[2], 'MATCH', ARGV[1] .. '|*', 'COUNT', 500)
for i = 1, #found[2], 2 do
  redis.call('HDEL', KEYS[1], found[2][i])
  announce(found[2][i + 1], ARGV[3])
end
return {'done', found[1]}
`;

/** Runs each command that the other scripts use; returns the names of those that failed, each with its error. What it writes is gone at its end. */
const REHEARSE = `
local m, s, p, k, channel = KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1]
local errors = {}
for _, command in ipairs({
  {'TIME'}, {'HMGET', m, 'e'}, {'HSET', m, 'e', ''}, {'PEXPIRE', m, 1}, {'PTTL', m}, {'HDEL', m, 'e'},
  {'XADD', s, 'MAXLEN', '1', '1-0', 't', ''}, {'XRANGE', s, '-', '+'}, {'XREVRANGE', s, '+', '-'}, {'DEL', s},
  {'HSET', p, 'a', ''}, {'HEXISTS', p, 'a'}, {'HGET', p, 'a'}, {'HSCAN', p, '0'}, {'HDEL', p, 'a'},
  {'SET', k, '', 'PX', 1}, {'GET', k}, {'DEL', k}, {'PUBLISH', channel, ''},
}) do
  local answer = redis.pcall(unpack(command))
  if type(answer) == 'table' and answer.err then
    errors[#errors + 1] = command[1]
    errors[#errors + 1] = answer.err
  end
end
return errors
`;

/** A script and the name by which a server that has it runs it. */
export interface RedisScript {
  readonly lua: string;
  readonly sha: string;
}

/** All scripts; the arguments of each are made by `RedisDriver`. */
export const SCRIPTS = {
  append: script(APPEND),
  state: script(STATE),
  range: script(RANGE),
  forget: script(FORGET),
  join: script(JOIN),
  leave: script(LEAVE),
  leaveAll: script(LEAVE_ALL),
  rehearse: script(REHEARSE),
} as const;

function script(lua: string): RedisScript {
  return { lua, sha: createHash("sha1").update(lua).digest("hex") };
}
