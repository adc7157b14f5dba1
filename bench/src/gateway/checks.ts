import { createVerifier } from '@counterfoil/verifier'
import { ANSWER, SEEN, type Seen } from './answer.ts'
import type { Subject } from './subject.ts'

/** Asks once through each gateway. @throws {Error} when one does not do what it is measured for. */
export async function checkAll(subjects: readonly Subject[]): Promise<void> {
  for (const subject of subjects) {
    const wrong = await findWrong(subject)
    if (wrong !== undefined) throw new Error(`${subject.name}: ${wrong}`)
  }
}

async function findWrong({ url, headers, promises }: Subject): Promise<string | undefined> {
  const { status, text } = await get(url, headers)
  if (status !== 200 || text !== ANSWER) return `answers ${status} ${text}`
  if (promises.refusesNobody === true) {
    const refused = await get(url, {})
    if (refused.status !== 401) return `answers ${refused.status} to nobody`
  }
  const { text: told } = await get(url + SEEN, headers)
  return findUntold(JSON.parse(told) as Seen, headers, promises)
}

async function get(url: string, headers: Subject['headers']): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { headers })
  return { status: response.status, text: await response.text() }
}

async function findUntold(
  { account, authorization, cookie }: Seen,
  headers: Subject['headers'],
  promises: Subject['promises'],
): Promise<string | undefined> {
  if (promises.account !== undefined && account !== promises.account) return `tells the service of ${account}`
  const { credential } = promises
  if (credential === undefined) return undefined
  if (credential === 'passed on')
    return authorization === headers['authorization'] ? undefined : 'does not pass the credential on'
  if (cookie !== null) return 'passes the cookie on'
  if (credential === 'withheld') return authorization === null ? undefined : 'does not keep the credential'
  const verifier = createVerifier(credential)
  const { outcome } = await verifier.verify(authorization?.slice('Bearer '.length))
  verifier.close()
  return outcome === 'accepted' ? undefined : 'gives the service a token that it does not accept'
}
