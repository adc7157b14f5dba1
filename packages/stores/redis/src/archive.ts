import { ARCHIVE_KEYS, canonicalRow, StoreUnavailable } from '@counterfoil/core'
import type { ArchivedSession, Attributes, Page, Section, SessionArchive, SessionFloor } from '@counterfoil/core'
import type { AccountId, SessionId } from '@counterfoil/protocol'
import { hourOf } from './members.ts'
import { readInfo } from './observe.ts'
import { readRecord, writeNumber, writeRecord, writeStrategy } from './record.ts'
import { ENROL, GRACE_MS, RAISE_FLOOR } from './scripts.ts'
import type { StoreParts } from './store-parts.ts'

/** Rows that are under way at once: more would take longer than a command may. */
const ROWS_AT_ONCE = 200

/** The sessions and floors in Redis: read key by key, in the order that Redis gives. Row by row is written, the list of the account first. */
export function createSessionArchive(parts: StoreParts): SessionArchive {
  const { keys } = parts
  return {
    sessions: sectionOf<ArchivedSession>(parts, {
      keyOf: ARCHIVE_KEYS.sessions,
      pattern: keys.sessionPattern,
      nameOf: keys.sessionIdOf,
      get: (id) => getSession(parts, id as SessionId),
      add: (session) => addSession(parts, session),
    }),
    floors: sectionOf<SessionFloor>(parts, {
      keyOf: ARCHIVE_KEYS.floors,
      pattern: keys.accountPattern,
      nameOf: keys.accountIdOf,
      get: (id) => getFloor(parts, id as AccountId),
      add: async ({ accountId, below }) => {
        await parts.commands.run(RAISE_FLOOR, [keys.account(accountId)], writeNumber(below))
      },
    }),
  }
}

interface Rows<Row> {
  readonly keyOf: (row: Row) => string
  /** Of the keys in Redis. */
  readonly pattern: string
  readonly nameOf: (key: string) => string
  readonly get: (name: string) => Promise<Row | undefined>
  readonly add: (row: Row) => Promise<void>
}

function sectionOf<Row>(parts: StoreParts, { keyOf, pattern, nameOf, get, add }: Rows<Row>): Section<Row> {
  const find = async (names: readonly string[]): Promise<Row[]> =>
    (await inTurns(names, get)).flatMap((row) => row ?? [])
  return {
    async read(from, limit) {
      const { rows, next } = await scan(parts, pattern, from, limit)
      return { rows: await find(rows.map(nameOf)), next }
    },
    find,
    async write(rows) {
      const there = new Map((await find(rows.map(keyOf))).map((row) => [keyOf(row), canonicalRow(row)]))
      const other = rows.find((row) => there.has(keyOf(row)) && there.get(keyOf(row)) !== canonicalRow(row))
      if (other !== undefined) return { differs: keyOf(other) }
      const added = rows.filter((row) => !there.has(keyOf(row)))
      await inTurns(added, add)
      return 'written'
    },
  }
}

async function inTurns<Thing, Result>(
  things: readonly Thing[],
  act: (thing: Thing) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let at = 0; at < things.length; at += ROWS_AT_ONCE)
    results.push(...(await Promise.all(things.slice(at, at + ROWS_AT_ONCE).map(act))))
  return results
}

async function getSession({ commands, keys }: StoreParts, id: SessionId): Promise<ArchivedSession | undefined> {
  const [session, attributes] = [keys.session(id), keys.attributes(id)]
  const reply = await commands.send(session, 'MGET', session, attributes)
  const [record, held] = Array.isArray(reply) ? (reply as unknown[]) : []
  const standing = readRecord(id, record)
  if (standing === undefined || typeof held !== 'string') return standing
  const lineEnd = held.indexOf('\n')
  const version = Number(held.slice(0, lineEnd))
  return { ...standing, attributes: { version, attributes: JSON.parse(held.slice(lineEnd + 1)) as Attributes } }
}

async function getFloor({ commands, keys }: StoreParts, accountId: AccountId): Promise<SessionFloor | undefined> {
  const floor = await commands.send(keys.account(accountId), 'HGET', keys.account(accountId), 'f')
  return typeof floor === 'string' ? { accountId, below: Number.parseInt(floor, 36) } : undefined
}

async function addSession({ commands, keys }: StoreParts, { attributes, ...session }: ArchivedSession): Promise<void> {
  const { id, accountId, seenAt, idleExpiresAt, expiresAt, strategy } = session
  // One that was spared stays spared: no floor is above this.
  const generation = writeNumber(Number.MAX_SAFE_INTEGER)
  const lifeMs = Math.max(1, expiresAt - seenAt + GRACE_MS)
  await commands.run(ENROL, [keys.account(accountId)], id, generation, hourOf(expiresAt), lifeMs)
  if (attributes !== undefined) {
    const held = `${attributes.version}\n${JSON.stringify(attributes.attributes)}`
    await commands.send(keys.attributes(id), 'SET', keys.attributes(id), held, 'PX', lifeMs)
  }
  const record = writeStrategy(strategy) + writeRecord(session)
  const useMs = Math.max(1, Math.min(idleExpiresAt, expiresAt) - seenAt + GRACE_MS)
  await commands.send(keys.session(id), 'SET', keys.session(id), record, 'NX', 'PX', useMs)
}

/** One stretch of the keys of one primary after the other. A place says which, and where; another process of that server counts otherwise. */
async function scan(
  { commands, link }: StoreParts,
  pattern: string,
  from: string | undefined,
  limit: number,
): Promise<Page<string>> {
  const primaries = [...link.primaries()].toSorted((one, other) => (one.name < other.name ? -1 : 1))
  const [name, run, cursor = '0'] = from?.split(' ').map(decodeURIComponent) ?? []
  const at = Math.max(0, name === undefined ? 0 : primaries.findIndex((one) => one.name === name))
  const primary = primaries[at]
  if (primary === undefined) throw new StoreUnavailable('Redis has no primary')
  const route = `{${primary.tag}}`
  const present = readInfo(await commands.send(route, 'INFO', 'server')).get('run_id') ?? ''
  const start = run === undefined || run === '' || run === present ? cursor : '0'
  const reply = await commands.send(route, 'SCAN', start, 'MATCH', pattern, 'COUNT', limit)
  if (!Array.isArray(reply) || !Array.isArray(reply[1])) throw new StoreUnavailable('Redis did not list its keys')
  const placeOf = (...words: string[]): string => words.map(encodeURIComponent).join(' ')
  const following = primaries[at + 1]
  const later = following && placeOf(following.name, '', '0')
  const next = String(reply[0]) === '0' ? later : placeOf(primary.name, present, String(reply[0]))
  return { rows: reply[1].map(String), next }
}
