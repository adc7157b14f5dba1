import { createHash } from 'node:crypto'

/** A script that runs as a whole, on keys of one slot. */
export interface Script {
  readonly text: string
  readonly sha: string
}

/**
 * How long Redis keeps what has expired, in milliseconds: its own clock collects garbage only, and may be wrong by this much
 * without ending anything early.
 */
export const GRACE_MS = 24 * 60 * 60 * 1000

/** How long an account's floor is kept after the last end of all: far longer than any sign-in takes. */
const FLOOR_KEPT_MS = 365 * 24 * 60 * 60 * 1000

/** How long a session that is starting may take. */
export const START_LIMIT_MS = 60_000

function script(text: string, flags = ''): Script {
  const whole = `#!lua${flags}\n${text}`
  return { text: whole, sha: createHash('sha1').update(whole).digest('hex') }
}

/** Takes the session at KEYS[1] apart, or answers nothing. See record.ts for the lines. */
const OPEN = `
local record = redis.call('GET', KEYS[1])
if not record then return false end
local form, generation, floor, ofAccount, ofApplication, seen, idle, ends, proven, rotated, began,
  who, address, agent, lastAddress, lastAgent =
  record:match('^([hs]) (%w+) (%w+) (%w+) (%w+) (%w+) (%w+) (%w+) ([%w=]+) ([%w=]+) (%w+)\\n([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)$')
if not generation then return false end
if rotated == '=' then rotated = seen end
local function number(text) return tonumber(text, 36) end`

/** The same for a session that is live at ARGV[1]. */
const OPEN_LIVE = `${OPEN}
local now = number(ARGV[1])
if now >= number(idle) or now >= number(ends) then return false end`

/** Puts it together again, for as long as it can still be asked for. */
const CLOSE = `
if proven == began then proven = '=' end
if rotated == seen then rotated = '=' end
record = table.concat({form, generation, floor, ofAccount, ofApplication, seen, idle, ends, proven, rotated, began}, ' ')
record = table.concat({record, who, address, agent, lastAddress, lastAgent}, '\\n')
redis.call('SET', KEYS[1], record, 'PX', string.format('%.0f', math.min(number(idle), number(ends)) - now + ${GRACE_MS}))`

/** ARGV: now, from, to, idle expiry, instant of use, its address and user agent; the account's generation and the first word, or nothing. */
export const ADVANCE = script(`${OPEN_LIVE}
if generation ~= ARGV[2] then return {0, record} end
generation, seen, rotated = ARGV[3], ARGV[1], ARGV[5]
if number(ARGV[4]) < number(ends) then idle = ARGV[4] else idle = ends end
if ARGV[6] == address then lastAddress = '' else lastAddress = ARGV[6] end
if ARGV[7] == agent then lastAgent = '' else lastAgent = ARGV[7] end
if ARGV[8] ~= '' then floor, ofAccount, proven = generation, ARGV[8], ARGV[1] end
if ARGV[9] ~= '' then form = ARGV[9] end
${CLOSE}
return {1, record}`)

/** ARGV: now, the generation to raise to. */
export const RAISE = script(`${OPEN_LIVE}
if number(ARGV[2]) > number(generation) then
  generation = ARGV[2]
  ${CLOSE}
end
return record`)

/** ARGV: last-seen, idle expiry. */
export const TOUCH = script(`${OPEN_LIVE}
local given = ARGV[2]
if number(given) > number(ends) then given = ends end
local isLater = number(given) > number(idle)
if isLater then idle = given end
if now > number(seen) then seen = ARGV[1] elseif not isLater then return false end
${CLOSE}
return false`)

/** KEYS[2]: its attributes. ARGV: now, version, next version, JSON. */
export const WRITE_ATTRIBUTES = script(`${OPEN_LIVE}
local held = redis.call('GET', KEYS[2])
if (held and held:match('^(%d+)\\n') or '0') ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[2], ARGV[3] .. '\\n' .. ARGV[4], 'PX', string.format('%.0f', number(ends) - now + ${GRACE_MS}))
return 1`)

/** KEYS[2]: its attributes. Whatever state the session is in, but for one that is starting. */
export const END = script(
  `${OPEN}
redis.call('DEL', KEYS[1], KEYS[2])
return record`,
  ' flags=allow-oom',
)

/** KEYS[2]: its attributes. ARGV: now. */
export const END_EXPIRED = script(
  `${OPEN}
local now = number(ARGV[1])
if now < number(idle) and now < number(ends) then return false end
redis.call('DEL', KEYS[1], KEYS[2])
return record`,
  ' flags=allow-oom',
)

/** KEYS[2]: its attributes. ARGV: account as it stands in the record, generation. Also a session that is starting. 1 when one ended. */
export const END_BELOW = script(
  `
local record = redis.call('GET', KEYS[1])
if not record then return 0 end
local state, ofAccount, who = record:match('^(%w+) %w+ %w+ (%w+) [^\\n]*\\n([^\\n]*)\\n')
if not state or who:sub(1, #ARGV[1]) ~= ARGV[1] or tonumber(ofAccount, 36) >= tonumber(ARGV[2], 36) then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
if state:sub(1, 1) == '0' then return 0 end
return 1`,
  ' flags=allow-oom',
)

/** KEYS[2]: its attributes. ARGV: first words of the session before and after, time to live. 1 when it has started. */
export const FINISH_START = script(`
local record = redis.call('GET', KEYS[1])
if not record then return 0 end
local state, rest = record:match('^(%w+)( .*)$')
if state ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[1], ARGV[2] .. rest, 'PX', ARGV[3])
return 1`)

/** ARGV: first word of the session that was starting. */
export const WITHDRAW_START = script(
  `
local record = redis.call('GET', KEYS[1])
if record and record:match('^%w+') == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 0`,
  ' flags=allow-oom',
)

/** Keeps an account's key for at least `needed` milliseconds. */
const PROLONG = `if redis.call('PTTL', KEYS[1]) < needed then redis.call('PEXPIRE', KEYS[1], string.format('%.0f', needed)) end`

/** KEYS[1]: the account. ARGV: session, its account generation, the hour by which it has expired, time to live. 0 when it is superseded. */
export const ENROL = script(`
local floor = redis.call('HGET', KEYS[1], 'f')
if floor and tonumber(ARGV[2], 36) < tonumber(floor, 36) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
local needed = tonumber(ARGV[4])
${PROLONG}
return 1`)

/** KEYS[1]: the account. ARGV: generation. Raises the floor, and answers who is there. */
export const RAISE_FLOOR = script(
  `
local floor = redis.call('HGET', KEYS[1], 'f')
if tonumber(ARGV[1], 36) > tonumber(floor or '0', 36) then redis.call('HSET', KEYS[1], 'f', ARGV[1]) end
local needed = ${FLOOR_KEPT_MS}
${PROLONG}
return redis.call('HGETALL', KEYS[1])`,
  ' flags=allow-oom',
)

/** KEYS[1]: the account. Its sessions and the hours by which they have expired, one after the other, and the floor. */
export const MEMBERS = script(`return redis.call('HGETALL', KEYS[1])`, ' flags=no-writes')

/** KEYS[1]: the counter. ARGV: what names it when it begins. */
export const COUNT = script(`
redis.call('HSETNX', KEYS[1], 'id', ARGV[1])
return {redis.call('HGET', KEYS[1], 'id'), redis.call('HINCRBY', KEYS[1], 'n', 1)}`)
