import type { Environment } from '../environment.ts'

/** Nobody holds a lock for longer than this without having hung. */
const PATIENCE_MS = 15_000

const TAKEN = Symbol('taken')

/**
 * Lets one tab of the origin act at a time; `waited` says that another one has just acted. Where there are no Web Locks, and where whoever has the lock has
 * hung, it acts at once: the server gives two who refresh with one token the same answer (rotation.md), so that a lock saves work, and protects nothing.
 */
export async function onlyOne<Result>(
  { locks }: Pick<Environment, 'locks'>,
  name: string,
  act: (waited: boolean) => Promise<Result>,
): Promise<Result> {
  if (locks === undefined) return act(false)
  const first = await locks.request(name, { ifAvailable: true }, async (lock) =>
    lock === null ? TAKEN : { result: await act(false) },
  )
  if (first !== TAKEN) return first.result
  const begun: true[] = []
  try {
    return await locks.request(name, { signal: AbortSignal.timeout(PATIENCE_MS) }, () => {
      begun.push(true)
      return act(true)
    })
  } catch (error) {
    if (begun.length > 0) throw error
    return act(true)
  }
}
