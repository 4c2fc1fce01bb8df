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
 *
 * **In a cluster** a slot can move to another master, with nothing lost. So the scripts get the lives of all masters that the caller is
 * connected to, that of this one first: what was written in one of them is whole. And messages go out by SPUBLISH.
 */
import { createHash } from "node:crypto";
import { KEEP_CHANNEL_MS, KEEP_KEY_MS } from "../kept_times.ts";

/** Reads a channel and decides whether a new epoch begins; `begin` begins it. */
const READ_CHANNEL = `
local call, format = redis.call, string.format
local lives, random, grace = ARGV[1], ARGV[2], ARGV[3] == '1'
local life = string.match(lives, '^%S*')
local function read(m, s, knownepoch, at, knowntag, deep)
  local h = call('HMGET', m, 'e', 'o', 't', 'l', 'v', 've')
  local epoch, newest, tag = h[1], tonumber(h[2] or '0'), h[3] or ''
  local fresh, other, unverified = not epoch, epoch and h[4] ~= life, false
  local moved = other and not string.find(lives, ' ' .. (h[4] or ' '), 1, true)
  if epoch then
    local holds = nil
    if knownepoch == epoch then
      if at == newest then holds = knowntag == tag
      elseif at > newest then holds = false
      elseif at > 0 and (moved or deep) then
        local id = format('%.0f-0', at)
        local entry = call('XRANGE', s, id, id)[1]
        if entry then holds = entry[2][2] == knowntag end
      end
    end
    if holds == false then fresh = true
    elseif moved and not holds then
      fresh, unverified = not grace, grace
    end
  end
  return {m = m, s = s, epoch = epoch, offset = newest, tag = tag, version = h[5], versionepoch = h[6],
    fresh = fresh, other = other, unverified = unverified}
end
local function write(c, offset, tag)
  call('HSET', c.m, 'e', c.epoch, 'o', format('%.0f', offset), 't', tag, 'l', life)
end
local function begin(c)
  call('HSET', c.m, 'e', random, 'o', '0', 't', '', 'l', life)
  call('HDEL', c.m, 'v', 've')
  call('DEL', c.s)
  c.epoch, c.offset, c.tag, c.version, c.fresh = random, 0, '', false, false
end
`;

/**
 * Publications of any channels, in their order, each with an answer of its own: see append_batch.ts. What belongs to a channel is read and
 * written once for all of them; messages go out when everything is written, one for each channel: to who listens, to take a message
 * costs many times what a part of one does.
 */
const APPEND = `${READ_CHANNEL}
local prefix, blob = ARGV[4], ARGV[5]
local unpack = struct.unpack
local count, number, at = unpack('>I2I2', blob)
local channels, answers, now = {}, {}, nil
-- Lua's own way to write a number costs as much as a command.
local numbers = {}
local function text(n)
  local known = numbers[n]
  if not known then
    known = format('%d', n)
    numbers[n] = known
  end
  return known
end
local function failureof(e)
  local text = string.gsub(type(e) == 'table' and e.err or tostring(e), '[\\r\\n]', ' ')
  return 'error ' .. text
end
for i = 1, count do
  local knownepoch, offset, knowntag
  knownepoch, offset, knowntag, at = unpack('>Bc0dBc0', blob, at)
  local m = KEYS[2 * i - 1]
  local ok, c = pcall(read, m, KEYS[2 * i], knownepoch, offset, knowntag, false)
  if not ok then c = {failure = failureof(c)} end
  c.receiver = prefix .. string.sub(m, 2)
  channels[i] = c
end
local function append(i, c, k, skip, last, form, size, ttl, version, versionepoch, fields, data)
  if c.failure then return c.failure end
  if c.unverified then return 'unverified' end
  if not c.fresh then
    if k then
      local was = call('GET', k)
      if was then
        local of, place = string.match(was, '^(%S+) (%d+)$')
        if of == c.epoch then return 'repeated ' .. place .. ' ' .. c.epoch end
      end
    end
    if version ~= '' and c.version and tonumber(version) <= tonumber(c.version)
      and (versionepoch == '' or versionepoch == c.versionepoch) then
      return 'skipped ' .. format('%.0f', c.offset) .. ' ' .. c.epoch
    end
  else
    begin(c)
  end
  local kept = not skip and size > 0 and ttl > 0
  local own, previous, tag, offset, newest = 0, '', '', c.offset, c.tag
  if not skip then
    own, previous, tag = c.offset + 1, c.tag, random .. '.' .. text(i)
    offset, newest = own, tag
  end
  local place, most, life = format('%d', own), text(size), text(ttl)
  if kept then
    if not now then
      local time = call('TIME')
      now = time[1] * 1000 + math.floor(time[2] / 1000)
    end
    local id, expires = place .. '-0', text(now + ttl)
    -- To trim walks over all entries of a node: once for all of a channel.
    if c.untrimmed and c.untrimmed ~= most then call('XTRIM', c.s, 'MAXLEN', c.untrimmed) end
    local added
    if last then
      added = redis.pcall('XADD', c.s, 'MAXLEN', most, id,
        't', tag, 'x', expires, 'm', form, 'f', fields, 'd', data)
    else
      added = redis.pcall('XADD', c.s, id, 't', tag, 'x', expires, 'm', form, 'f', fields, 'd', data)
    end
    if type(added) == 'table' and added.err then
      if not string.find(added.err, 'equal or smaller', 1, true) then return failureof(added) end
      -- The history is of another numbering: it goes, and readers see that something is missing.
      call('DEL', c.s)
      call('XADD', c.s, 'MAXLEN', most, id, 't', tag, 'x', expires, 'm', form, 'f', fields, 'd', data)
    end
    c.untrimmed = nil
    if not last then c.untrimmed = most end
    c.isunwritten = true
    c.historyttl = math.max(c.historyttl or 0, ttl)
  else
    write(c, offset, newest)
    if not skip then
      call('DEL', c.s)
      c.historyttl, c.untrimmed = nil, nil
    end
    c.isunwritten = false
  end
  if version ~= '' then call('HSET', c.m, 'v', version, 've', versionepoch) end
  if k then call('SET', k, c.epoch .. ' ' .. place, 'PX', ${KEEP_KEY_MS}) end
  c.offset, c.tag = offset, newest
  c.ttl = math.max(c.ttl or 0, ttl)
  if version ~= '' then c.version, c.versionepoch = version, versionepoch end
  local parts = c.parts or {}
  c.parts = parts
  parts[#parts + 1] = table.concat({'p', c.epoch, place, previous, tag,
    form, most, life, text(string.len(fields)), text(string.len(data))}, ' ') .. '\\n' .. fields .. data
  return 'stored ' .. place .. ' ' .. c.epoch
end
for i = 1, number do
  local channel, key, skip, last, form, size, ttl, version, versionepoch, fields, data
  channel, key, skip, last, form, size, ttl, version, versionepoch, fields, data, at =
    unpack('>I2I2BBBI4dBc0I2c0I4c0I4c0', blob, at)
  local ok, answer = pcall(append, i, channels[channel], KEYS[key], skip == 1, last == 1, text(form),
    size, ttl, version, versionepoch, fields, data)
  if not ok then answer = failureof(answer) end
  answers[i] = answer
end
for i = 1, count do
  local c = channels[i]
  if c.untrimmed then call('XTRIM', c.s, 'MAXLEN', c.untrimmed) end
  if c.isunwritten then write(c, c.offset, c.tag) end
  if c.historyttl then call('PEXPIRE', c.s, math.max(call('PTTL', c.s), c.historyttl)) end
  if c.ttl then call('PEXPIRE', c.m, math.max(call('PTTL', c.m), c.ttl, ${KEEP_CHANNEL_MS})) end
end
for i = 1, count do
  local c = channels[i]
  if c.parts then call('PUBLISH', c.receiver, table.concat(c.parts)) end
end
return table.concat(answers, '\\n')
`;

const STATE = `${READ_CHANNEL}
local c = read(KEYS[1], KEYS[2], ARGV[5], tonumber(ARGV[6]), ARGV[7], true)
if c.unverified then return {'unverified'} end
if c.fresh then
  local had = c.epoch
  begin(c)
  call('PEXPIRE', c.m, ${KEEP_CHANNEL_MS})
  if had then call('PUBLISH', ARGV[4], 'e ' .. c.epoch .. '\\n') end
else
  if c.other then call('HSET', c.m, 'l', life) end
  call('PEXPIRE', c.m, math.max(call('PTTL', c.m), ${KEEP_CHANNEL_MS}))
end
return {'known', format('%.0f', c.offset), c.epoch, c.tag}
`;

/** Pages, so that a history of long publications is never in memory as a whole. */
const RANGE = `
local m, s = KEYS[1], KEYS[2]
local limit, most, down = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5] == '1'
local h = redis.call('HMGET', m, 'e', 'o', 't', 'l')
if h[1] and not string.find(' ' .. ARGV[1] .. ' ', ' ' .. (h[4] or ' ') .. ' ', 1, true) then return {'unverified'} end
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
  {'XADD', s, 'MAXLEN', '1', '1-0', 't', ''}, {'XTRIM', s, 'MAXLEN', '1'}, {'XRANGE', s, '-', '+'},
  {'XREVRANGE', s, '+', '-'}, {'DEL', s},
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

/** The texts of all scripts; the arguments of each are made by `RedisDriver`. */
const TEXTS = {
  append: APPEND,
  state: STATE,
  range: RANGE,
  forget: FORGET,
  join: JOIN,
  leave: LEAVE,
  leaveAll: LEAVE_ALL,
  rehearse: REHEARSE,
};

/** Which script. */
export type ScriptName = keyof typeof TEXTS;

/** All scripts. */
export type RedisScripts = Readonly<Record<ScriptName, RedisScript>>;

/** For one server. */
export const SCRIPTS: RedisScripts = scriptsOf((lua) => lua);
/** For the masters of a cluster: with sharded publish/subscribe. */
export const SHARDED_SCRIPTS: RedisScripts = scriptsOf((lua) =>
  lua.replaceAll("'PUBLISH'", "'SPUBLISH'")
);

function scriptsOf(change: (lua: string) => string): RedisScripts {
  const scripts = Object.entries(TEXTS).map(([name, text]) => {
    const lua = change(text);
    return [name, { lua, sha: createHash("sha1").update(lua).digest("hex") }];
  });
  return Object.fromEntries(scripts);
}
