import { createAuth, createPolicy, isRefusal, systemClock, systemRandom, type Auth } from '@counterfoil/core'
import type { ApplicationId } from '@counterfoil/protocol'
import type { Finding } from '../finding.ts'
import type { PostgresInstallation } from './installations.ts'
import { compare, loadOf } from './load.ts'
import type { Found, Pace } from './rotation.ts'

const STATEFUL = 'stateful' as ApplicationId
const ORIGIN = { address: '192.0.2.1', userAgent: 'bench' }
const ADA = { email: 'ada@example.com', password: 'correct horse battery', name: 'Ada' }

async function openIssuer({ stores }: PostgresInstallation, cachedSessions: number): Promise<Auth> {
  const auth = await createAuth({
    ...stores,
    issuer: 'https://auth.example.com',
    secret: new Uint8Array(32).fill(9),
    policy: createPolicy({ cachedSessions }),
    clock: systemClock,
    random: systemRandom,
  })
  const lists = { audience: [], origins: [], redirectUris: [] }
  await auth.declareApplications([
    { id: STATEFUL, name: 'stateful', strategy: 'stateful', transport: 'body', lifetimes: {}, ...lists },
  ])
  return auth
}

async function signIn(auth: Auth): Promise<string> {
  await auth.signUp(ADA, ORIGIN)
  const signedIn = await auth.signIn({ applicationId: STATEFUL, ...ADA }, ORIGIN)
  if (isRefusal(signedIn)) throw new Error(signedIn.refused)
  return signedIn.credentials.sessionToken ?? ''
}

function recognising(auth: Auth, token: string): () => Promise<void> {
  return async () => {
    if (isRefusal(await auth.recogniseSessionToken(token))) throw new Error('the session was not recognised')
  }
}

/** A stateful check at a node that has the session in memory, against one that asks PostgreSQL each time. */
export async function measureNearCache(postgres: PostgresInstallation, pace: Pace): Promise<Found> {
  const [cached, asking] = [await openIssuer(postgres, 50_000), await openIssuer(postgres, 0)]
  const token = await signIn(cached)
  const hit = recognising(cached, token)
  const loads = await compare(
    [
      { name: 'cached', act: hit },
      { name: 'asking', act: recognising(asking, token) },
    ],
    pace,
  )
  const [ours, theirs] = [loadOf(loads, 'cached').cpuMicros, loadOf(loads, 'asking').cpuMicros]
  const finding: Finding = {
    what: 'stateful check, near cache hit: CPU of Node',
    unit: 'µs',
    lowerIsBetter: true,
    ours,
    peer: 'ours, asking PostgreSQL',
    theirs,
  }
  return { findings: [finding], remarks: [await countReads(postgres, hit)] }
}

/** How many statements hits take: the lease on the log is renewed in between. */
async function countReads({ statements }: PostgresInstallation, hit: () => Promise<void>): Promise<string> {
  const [began, before, hits] = [performance.now(), statements(), 500_000]
  for (let done = 0; done < hits; done++) await hit()
  const [after, seconds] = [statements(), ((performance.now() - began) / 1000).toFixed(1)]
  const [all, reads] = [after.all - before.all, after.aboutSessions - before.aboutSessions]
  return `Near cache: ${reads} statements about sessions, accounts or applications went to PostgreSQL during ${hits.toLocaleString('en-US')} hits in ${seconds} s; ${all} in all, to renew the lease on the log.`
}
