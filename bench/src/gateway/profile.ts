import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keepBusy } from './load.ts'
import { startGateway, type OwnSurroundings } from './ours.ts'

/** Where processor time went: something, and its share of what was not idle, from 0 to 1. */
export interface Share {
  readonly what: string
  readonly share: number
}

/** Self time while requests came in, by who wrote the code, and of single functions; the largest first. */
export interface Profile {
  readonly owners: readonly Share[]
  readonly functions: readonly Share[]
}

/** What Node writes (`Profiler.Profile` of the inspector protocol). */
interface RawProfile {
  readonly nodes: readonly RawNode[]
  readonly endTime: number
  readonly startTime: number
  readonly samples: readonly number[]
  /** Microseconds between one sample and the next. */
  readonly timeDeltas: readonly number[]
}

interface RawNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
}

const FUNCTIONS = 25

/** Starts a gateway of its own under Node's profiler, and keeps it busy with authenticated requests. */
export async function profileGateway(surroundings: OwnSurroundings, token: string, forMs: number): Promise<Profile> {
  const profileFolder = mkdtempSync(join(tmpdir(), 'counterfoil-profile-'))
  try {
    const gateway = await startGateway({ ...surroundings, profileFolder })
    const url = `${gateway.url}/headers`
    const subject = { name: 'the profile', url, headers: { authorization: `Bearer ${token}` } }
    try {
      // Half of it warms up, and is not looked at.
      await keepBusy(subject, forMs * 2)
    } finally {
      await gateway.stop('SIGTERM')
    }
    return readProfile(profileFolder, forMs)
  } finally {
    rmSync(profileFolder, { recursive: true })
  }
}

function readProfile(folder: string, forMs: number): Profile {
  const file = readdirSync(folder).find((name) => name.endsWith('.cpuprofile'))
  if (file === undefined) throw new Error('the gateway ended without writing its profile')
  return summarise(JSON.parse(readFileSync(join(folder, file), 'utf8')) as RawProfile, forMs)
}

/** Counts the last so many milliseconds in which it was not idle. */
function summarise({ nodes, samples, timeDeltas }: RawProfile, forMs: number): Profile {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const [owners, functions] = [new Map<string, number>(), new Map<string, number>()]
  let left = forMs * 1000
  for (let at = samples.length - 1; at >= 0 && left > 0; at--) {
    const frame = frames.get(samples[at] ?? 0)
    const tookMicros = timeDeltas[at + 1] ?? 0
    if (frame === undefined || frame.functionName === '(idle)') continue
    left -= tookMicros
    count(owners, ownerOf(frame), tookMicros)
    count(functions, nameOf(frame), tookMicros)
  }
  return { owners: sharesOf(owners), functions: sharesOf(functions).slice(0, FUNCTIONS) }
}

function count(times: Map<string, number>, what: string, micros: number): void {
  times.set(what, (times.get(what) ?? 0) + micros)
}

function sharesOf(times: ReadonlyMap<string, number>): Share[] {
  const all = [...times.values()].reduce((sum, each) => sum + each, 0)
  return [...times].map(([what, each]) => ({ what, share: each / all })).toSorted((a, b) => b.share - a.share)
}

/** The package that code belongs to. */
function ownerOf({ functionName, url }: RawNode['callFrame']): string {
  if (url === '') return functionName.startsWith('(') ? functionName : 'native code called from JavaScript'
  if (url.startsWith('node:')) return url.includes('undici') ? 'undici, as it comes with Node' : 'Node, its JavaScript'
  const installed = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]
  if (installed !== undefined) return installed
  const own = /\/(packages\/[^/]+|apps\/[^/]+)\//.exec(url)?.[1]
  return own ?? 'other'
}

function nameOf({ functionName, url, lineNumber }: RawNode['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  const place = url.startsWith('node:') ? url : url.split('/').slice(-2).join('/')
  return `${name} ${place}:${lineNumber + 1}`
}
