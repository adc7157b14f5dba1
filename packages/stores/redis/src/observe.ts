import { StoreUnavailable } from '@counterfoil/core'
import { ask, runOn, type Patience, type Tally } from './commands.ts'
import type { Primary } from './link.ts'
import type { PrimaryMark } from './mark.ts'
import { COUNT } from './scripts.ts'

/** A primary as it is now. */
export interface Observation {
  readonly name: string
  readonly tag: string
  /** The connection over which it was seen. */
  readonly route: string
  readonly mark: PrimaryMark
  readonly replicas: number
}

/** What observing takes. */
export interface Observer {
  readonly patience: Patience
  readonly tally: Tally
  readonly counterKey: (tag: string) => string
  /** A name that nobody has had before, for a counter that begins. */
  readonly drawName: () => string
}

/** Looks at a primary, and counts that. @throws {StoreUnavailable} when it cannot be asked, or is no primary any more. */
export async function observe(primary: Primary, observer: Observer): Promise<Observation> {
  const { patience, tally, counterKey, drawName } = observer
  const { tag, name } = primary
  const info = readInfo(await ask(() => primary.send(['INFO', 'replication']), patience, tally))
  if (info.get('role') !== 'master') {
    await ask(() => primary.locate(), patience, tally)
    throw new StoreUnavailable('Redis is no primary here')
  }
  const route = primary.route()
  const counted = await runOn(primary, patience, tally, COUNT, counterKey(tag), drawName())
  if (primary.route() !== route) throw new StoreUnavailable('the connection to Redis changed')
  const [counter, count] = Array.isArray(counted) ? counted : []
  const mark = { replication: info.get('master_replid') ?? '', counter: String(counter), count: Number(count) }
  return { name, tag, route, mark, replicas: Number(info.get('connected_slaves') ?? 0) }
}

/** What `INFO` says, by name. */
export function readInfo(reply: unknown): ReadonlyMap<string, string> {
  const lines = String(reply).split('\r\n')
  return new Map(
    lines.flatMap((line) => {
      const colon = line.indexOf(':')
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const]
    }),
  )
}
