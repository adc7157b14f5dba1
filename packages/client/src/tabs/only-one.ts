import type { Environment } from '../environment.ts'
import { patience } from '../patience.ts'

/** Nobody holds a lock for longer than this without having hung. */
const PATIENCE_MS = 15_000

/** How long a note must stand before it counts; and how often one looks whether it is gone. */
const NOTE_MS = 40

const TAKEN = Symbol('taken')

/** Lets one tab of the origin act at a time; `waited` says that another one has just acted. Whoever hangs holds up nobody for ever. */
export async function onlyOne<Result>(
  environment: Pick<Environment, 'locks' | 'notes' | 'wait' | 'now' | 'randomBytes'>,
  name: string,
  act: (waited: boolean) => Promise<Result>,
): Promise<Result> {
  const { locks } = environment
  if (locks === undefined) return byNote(environment, name, act)
  const first = await locks.request(name, { ifAvailable: true }, async (lock) =>
    lock === null ? TAKEN : { result: await act(false) },
  )
  if (first !== TAKEN) return first.result
  const begun: true[] = []
  try {
    return await locks.request(name, { signal: patience(PATIENCE_MS, environment) }, () => {
      begun.push(true)
      return act(true)
    })
  } catch (error) {
    if (begun.length > 0) throw error
    return act(true)
  }
}

/**
 * Where there are no Web Locks, a note says who acts, and until when. Of two who write it at the same time the last one has it, which both see when they
 * look again.
 */
async function byNote<Result>(
  { notes, wait, now, randomBytes }: Pick<Environment, 'notes' | 'wait' | 'now' | 'randomBytes'>,
  name: string,
  act: (waited: boolean) => Promise<Result>,
): Promise<Result> {
  const key = `${name} lock`
  const own = ` ${randomBytes(9).join('')}`
  let waited = false
  for (;;) {
    const restMs = Number.parseInt(notes.get(key) ?? '', 10) - now()
    // A clock that was set back must not hold anybody up.
    const isTaken = restMs > 0 && restMs <= PATIENCE_MS
    if (!isTaken) notes.set(key, now() + PATIENCE_MS + own)
    waited ||= isTaken
    await wait(NOTE_MS)
    if (notes.get(key)?.endsWith(own) === true) break
  }
  try {
    return await act(waited)
  } finally {
    if (notes.get(key)?.endsWith(own) === true) notes.remove(key)
  }
}
