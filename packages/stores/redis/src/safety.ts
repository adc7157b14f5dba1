import { ask, type Patience, type Tally } from './commands.ts'
import type { Primary } from './link.ts'
import { readInfo } from './observe.ts'
import type { RedisOpenRefusal } from './open-error.ts'

/** What a server says of itself, as far as it decides whether sessions are safe there. */
export interface Settings {
  readonly version: string
  readonly evictionPolicy: string
  readonly appendOnly: boolean
  /** The points at which it writes a snapshot; empty when never, undefined when it does not tell. */
  readonly snapshots: string | undefined
}

/** A reason to keep no sessions there, with the way out. */
export interface Danger {
  readonly reason: RedisOpenRefusal
  readonly message: string
}

const OLDEST_VERSION = 7

/** What is wrong with the server; what cannot be known is a warning. */
export function judgeSettings(
  name: string,
  settings: Settings,
): { dangers: readonly Danger[]; warnings: readonly string[] } {
  const { version, evictionPolicy, appendOnly, snapshots } = settings
  const dangers: Danger[] = []
  if (!(Number.parseInt(version, 10) >= OLDEST_VERSION)) {
    const found = version === '' ? 'an unknown version' : `version ${version}`
    dangers.push({
      reason: 'too-old',
      message: `${name} is ${found}: update it to 7 or later, or use Valkey.`,
    })
  }
  if (evictionPolicy !== 'noeviction') {
    const message = `${name} has maxmemory-policy ${evictionPolicy}, which throws sessions away when memory is full: set it to noeviction.`
    dangers.push({ reason: 'evicting', message })
  }
  if (!appendOnly && snapshots === '') {
    const message = `${name} keeps nothing on disk, so that a restart signs everybody out: set appendonly to yes.`
    dangers.push({ reason: 'not-persistent', message })
  }
  const isHidden = !appendOnly && snapshots === undefined
  const warning = `${name} does not tell whether it keeps its data (CONFIG is not allowed): make sure that it does.`
  return { dangers, warnings: isHidden ? [warning] : [] }
}

/** Asks a primary for its settings. @throws {StoreUnavailable} */
export async function readSettings(primary: Primary, patience: Patience, tally: Tally): Promise<Settings> {
  const info = async (section: string) => readInfo(await ask(() => primary.send(['INFO', section]), patience, tally))
  const [server, memory, persistence] = await Promise.all([info('server'), info('memory'), info('persistence')])
  const appendOnly = persistence.get('aof_enabled') === '1'
  const configured = async () => ask(() => primary.send(['CONFIG', 'GET', 'save']), patience, tally)
  return {
    version: server.get('redis_version') ?? '',
    evictionPolicy: memory.get('maxmemory_policy') ?? 'unknown',
    appendOnly,
    snapshots: appendOnly ? undefined : await configured().then(readConfigured, () => undefined),
  }
}

/** The value of a reply to `CONFIG GET` for one name: a list in RESP 2, an object in RESP 3. */
function readConfigured(reply: unknown): string | undefined {
  const values = Array.isArray(reply) ? reply.slice(1) : Object.values(reply ?? {})
  return typeof values[0] === 'string' ? values[0] : undefined
}
