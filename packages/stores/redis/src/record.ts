import type { AccountId, ApplicationId, SessionId, StoredStrategy } from '@counterfoil/protocol'
import type { Session, Use } from '@counterfoil/core'

// A session is six lines of text, which a script takes apart without counting characters (JSON has no line breaks):
//   strategy generation floor account-generation application-generation seen idle-expiry expiry authenticated rotated started
//   ["account","application","label","key thumbprint"]: the last two only as far as there are any, null for a label that is not
//   the address and the user agent of the start: a line each, JSON, or - where there was none
//   the same of the rotation, each empty where it is as it was
// Numbers are in base 36. They go through scripts as texts, since Lua would round the large ones when it prints them. Two instants
// are mostly equal to others: = is for "authenticated when it started", and "rotated when it was last seen".

/** The first words of sessions that have started: their strategies. That of one that is still starting begins with 0. */
const WORDS: Readonly<Record<StoredStrategy, string>> = { stateful: 's', hybrid: 'h' }

type Identity = [accountId: string, applicationId: string, deviceLabel?: string | null, keyThumbprint?: string]

const EQUAL = '='
const NONE = '-'

/** A whole number above or equal to 0 in base 36. @throws {TypeError} for what is none. */
export function writeNumber(number: number): string {
  const whole = Math.floor(number)
  if (!Number.isSafeInteger(whole) || whole < 0)
    throw new TypeError('instants and generations are whole numbers from 0 on')
  return whole.toString(36)
}

/** The first word of a session of this strategy. */
export function writeStrategy(strategy: StoredStrategy): string {
  return WORDS[strategy]
}

/** The record of a session, without its first word. */
export function writeRecord(session: Session): string {
  const { generation, floor, accountGeneration, applicationGeneration, rotated, started, deviceLabel } = session
  const { seenAt, idleExpiresAt, expiresAt, authenticatedAt, keyThumbprint } = session
  const generations = [generation, floor, accountGeneration, applicationGeneration].map(writeNumber)
  const proven = authenticatedAt === started.at ? EQUAL : writeNumber(authenticatedAt)
  const turned = rotated.at === seenAt ? EQUAL : writeNumber(rotated.at)
  const instants = [...[seenAt, idleExpiresAt, expiresAt].map(writeNumber), proven, turned, writeNumber(started.at)]
  const identity: Identity = [session.accountId, session.applicationId]
  if (keyThumbprint !== undefined) identity.push(deviceLabel ?? null, keyThumbprint)
  else if (deviceLabel !== undefined) identity.push(deviceLabel)
  const first = writeUse(started)
  const last = writeUse(rotated).map((line, at) => (line === first[at] ? '' : line))
  return ` ${[...generations, ...instants].join(' ')}\n${[JSON.stringify(identity), ...first, ...last].join('\n')}`
}

/** Where a credential was used, without the instant: two lines. */
export function writeUse({ address, userAgent }: Use): [address: string, userAgent: string] {
  return [
    address === undefined ? NONE : JSON.stringify(address),
    userAgent === undefined ? NONE : JSON.stringify(userAgent),
  ]
}

/** The session of a record; undefined when there is none, or it is still starting. */
export function readRecord(id: SessionId, record: unknown): Session | undefined {
  if (typeof record !== 'string' || record.startsWith('0')) return undefined
  const [numbers = '', identity = '', address = '', userAgent = '', lastAddress = '', lastUserAgent = ''] =
    record.split('\n')
  const [word, ...columns] = numbers.split(' ')
  const number = (column: number) => Number.parseInt(columns[column] ?? '', 36)
  const equalOr = (other: number, column: number) => number(columns[column] === EQUAL ? other : column)
  const [accountId, applicationId, deviceLabel, keyThumbprint] = JSON.parse(identity) as Identity
  const session: Session = {
    id,
    accountId: accountId as AccountId,
    applicationId: applicationId as ApplicationId,
    strategy: word === WORDS.stateful ? 'stateful' : 'hybrid',
    generation: number(0),
    floor: number(1),
    rotated: readUse(
      equalOr(4, 8),
      lastAddress === '' ? address : lastAddress,
      lastUserAgent === '' ? userAgent : lastUserAgent,
    ),
    accountGeneration: number(2),
    applicationGeneration: number(3),
    authenticatedAt: equalOr(9, 7),
    started: readUse(number(9), address, userAgent),
    seenAt: number(4),
    idleExpiresAt: number(5),
    expiresAt: number(6),
  }
  const labelled = typeof deviceLabel === 'string' ? { ...session, deviceLabel } : session
  return keyThumbprint === undefined ? labelled : { ...labelled, keyThumbprint }
}

function readUse(at: number, address: string, userAgent: string): Use {
  const use: { at: number; address?: string; userAgent?: string } = { at }
  if (address !== NONE) use.address = String(JSON.parse(address))
  if (userAgent !== NONE) use.userAgent = String(JSON.parse(userAgent))
  return use
}

/** How a script finds a session's account in its record. */
export function writeAccount(accountId: AccountId): string {
  return `[${JSON.stringify(accountId)},`
}
