import type { AccountId, ApplicationId, SessionId, StoredStrategy } from '@counterfoil/protocol'
import type { Session, Use } from '@counterfoil/core'

// A session is four lines of text, which a script takes apart without counting characters (JSON has no line breaks):
//   1 generation floor account-generation application-generation seen idle-expiry expiry authenticated rotated started
//   ["account","application",strategy,"label"]
//   ["address","user agent"] of the start
//   the same of the rotation, or nothing where it is equal
// Numbers are in base 36. They go through scripts as texts, since Lua would round the large ones when it prints them.

/** The first word of a session that is live, as far as its expiries allow; that of one that is still starting is another. */
export const STARTED = '1'

const STRATEGIES: readonly StoredStrategy[] = ['stateful', 'hybrid']

type Identity = [accountId: string, applicationId: string, strategy: number, deviceLabel?: string]
type UseTexts = [address?: string | null, userAgent?: string | null]

/** A whole number above or equal to 0 in base 36. @throws {TypeError} for what is none. */
export function writeNumber(number: number): string {
  const whole = Math.floor(number)
  if (!Number.isSafeInteger(whole) || whole < 0)
    throw new TypeError('instants and generations are whole numbers from 0 on')
  return whole.toString(36)
}

/** The record of a session, without its first word. */
export function writeRecord(session: Session): string {
  const { generation, floor, accountGeneration, applicationGeneration, rotated, started, deviceLabel } = session
  const generations = [generation, floor, accountGeneration, applicationGeneration]
  const instants = [session.seenAt, session.idleExpiresAt, session.expiresAt, session.authenticatedAt]
  const numbers = [...generations, ...instants, rotated.at, started.at].map(writeNumber).join(' ')
  const identity: Identity = [session.accountId, session.applicationId, STRATEGIES.indexOf(session.strategy)]
  if (deviceLabel !== undefined) identity.push(deviceLabel)
  const [first, last] = [writeUse(started), writeUse(rotated)]
  return ` ${numbers}\n${JSON.stringify(identity)}\n${first}\n${first === last ? '' : last}`
}

/** Where a credential was used, without the instant. */
export function writeUse({ address, userAgent }: Use): string {
  const texts: UseTexts =
    userAgent !== undefined ? [address ?? null, userAgent] : address !== undefined ? [address] : []
  return JSON.stringify(texts)
}

/** The session of a record; undefined when there is none, or it is still starting. */
export function readRecord(id: SessionId, record: unknown): Session | undefined {
  if (typeof record !== 'string' || !record.startsWith(`${STARTED} `)) return undefined
  const [numbers = '', identity = '', first = '', last = ''] = record.split('\n')
  const [, ...columns] = numbers.split(' ')
  const number = (column: number) => Number.parseInt(columns[column] ?? '', 36)
  const [accountId, applicationId, strategy, deviceLabel] = JSON.parse(identity) as Identity
  const session: Session = {
    id,
    accountId: accountId as AccountId,
    applicationId: applicationId as ApplicationId,
    strategy: STRATEGIES[strategy] ?? 'hybrid',
    generation: number(0),
    floor: number(1),
    rotated: readUse(last === '' ? first : last, number(8)),
    accountGeneration: number(2),
    applicationGeneration: number(3),
    authenticatedAt: number(7),
    started: readUse(first, number(9)),
    seenAt: number(4),
    idleExpiresAt: number(5),
    expiresAt: number(6),
  }
  return deviceLabel === undefined ? session : { ...session, deviceLabel }
}

function readUse(json: string, at: number): Use {
  const [address, userAgent] = JSON.parse(json) as UseTexts
  const use: { at: number; address?: string; userAgent?: string } = { at }
  if (typeof address === 'string') use.address = address
  if (typeof userAgent === 'string') use.userAgent = userAgent
  return use
}

/** How a script finds a session's account in its record. */
export function writeAccount(accountId: AccountId): string {
  return `[${JSON.stringify(accountId)},`
}
