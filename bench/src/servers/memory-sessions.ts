import { createMemoryStores, drawId, systemRandom } from '@counterfoil/core'
import type { AccountId, ApplicationId, SessionId } from '@counterfoil/protocol'

/** Prints what one session costs in the in-memory store: `memory-sessions.ts COUNT`, with --expose-gc. */
const count = Number(process.argv[2])
const { sessions } = createMemoryStores()

function used(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const before = used()
for (let at = 0; at < count; at++) {
  const use = { at, address: '192.0.2.1', userAgent: 'bench' }
  await sessions.start({
    id: drawId<SessionId>(systemRandom),
    accountId: drawId<AccountId>(systemRandom),
    applicationId: 'hybrid' as ApplicationId,
    strategy: 'hybrid',
    generation: 0,
    floor: 0,
    rotated: use,
    accountGeneration: 0,
    applicationGeneration: 0,
    authenticatedAt: at,
    started: use,
    seenAt: at,
    idleExpiresAt: 1e15,
    expiresAt: 1e15,
  })
}
console.log(Math.round((used() - before) / count))
// The store must still be there when it is weighed.
if ((await sessions.list('nobody' as AccountId, 0)).length > 0) process.exitCode = 1
