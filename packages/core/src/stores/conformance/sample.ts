import assert from 'node:assert/strict'
import { encodeBase64url, type AccountId, type ApplicationId, type KeyId, type SessionId } from '@counterfoil/protocol'
import type { Account } from '../../accounts/account.ts'
import type { ApplicationSettings } from '../../applications/application.ts'
import type { AuditEvent, AuditKind, NewAuditEvent } from '../../audit.ts'
import type { Session } from '../../sessions/session.ts'
import type { StoredKey } from '../../tokens/stored-key.ts'
import type { Database, NewAccount } from '../database.ts'
import type { Advance, SessionStore } from '../session-store.ts'

/** The instant at which the cases begin; it stands still, and at no full second, so that a store which rounds is seen. */
export const NOW = Date.UTC(2026, 0, 1, 9, 41, 7, 137)

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** How many callers race. */
export const RACERS = 50

let drawn = 0

function drawText(): string {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setUint32(6, ++drawn)
  return encodeBase64url(bytes)
}

/** An id that no case has had before. */
export const drawSessionId = (): SessionId => drawText() as SessionId
/** An id that no case has had before. */
export const drawAccountId = (): AccountId => drawText() as AccountId
/** An id that no case has had before. */
export const drawApplicationId = (): ApplicationId => drawText() as ApplicationId
/** An id that no case has had before. */
export const drawKeyId = (): KeyId => drawText() as KeyId

/** A hybrid session that starts at `at`: idle for a day, at most for thirty. */
export function sampleSession(more: Partial<Session> = {}, at: number = NOW): Session {
  const use = { at, address: '192.0.2.7', userAgent: 'Example/1.0' }
  return {
    id: drawSessionId(),
    accountId: drawAccountId(),
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
    idleExpiresAt: at + DAY,
    expiresAt: at + 30 * DAY,
    ...more,
  }
}

/** Starts a session that is expected to start. */
export async function startSample(sessions: SessionStore, more: Partial<Session> = {}, at?: number): Promise<Session> {
  const session = sampleSession(more, at)
  assert.equal(await sessions.start(session), 'started')
  return session
}

/** A rotation at `now`, idle for another day. */
export function sampleAdvance(now: number, more: Partial<Advance> = {}): Advance {
  return {
    now,
    idleExpiresAt: now + DAY,
    use: { at: now, address: '198.51.100.3', userAgent: 'Example/2.0' },
    ...more,
  }
}

/** An account with an email of its own. */
export function sampleAccount(more: Partial<NewAccount> = {}): NewAccount {
  const id = drawAccountId()
  const email = `user-${drawn}@example.com`
  return { id, email, name: 'Ada', passwordHash: 'hash-0', roles: ['reader'], createdAt: NOW, ...more }
}

/** Registers an account that is expected to be new. */
export async function registerSample(database: Database, more: Partial<NewAccount> = {}): Promise<Account> {
  const account = sampleAccount(more)
  assert.equal(await database.registerAccount(account, sampleEvent('account.registered', account.id)), 'registered')
  return { ...account, generation: 0, disabled: false }
}

/** An event of the audit log. */
export function sampleEvent(kind: AuditKind, accountId?: AccountId, more: Partial<NewAuditEvent> = {}): NewAuditEvent {
  return { at: NOW, kind, accountId, address: '192.0.2.7', userAgent: 'Example/1.0', ...more }
}

/** The settings of an application. */
export function sampleApplication(more: Partial<ApplicationSettings> = {}): ApplicationSettings {
  return {
    id: drawApplicationId(),
    name: 'Shop',
    strategy: 'hybrid',
    transport: 'cookie',
    audience: ['https://orders.example.com'],
    origins: ['https://shop.example.com'],
    redirectUris: [],
    lifetimes: { idleSeconds: 3600 },
    ...more,
  }
}

/** A key that signs from `activeAt` on. */
export function sampleKey(purpose: StoredKey['purpose'], activeAt: number, more: Partial<StoredKey> = {}): StoredKey {
  const id = drawKeyId()
  const sealed = Uint8Array.from({ length: 48 }, (_, at) => (at * 7 + drawn) % 256)
  const one = { id, purpose, number: 0, sealed, createdAt: NOW, activeAt }
  return purpose === 'jwt'
    ? { ...one, algorithm: 'EdDSA', publicJwk: '{"kty":"OKP"}', ...more }
    : { ...one, algorithm: 'HS256', publicJwk: '', ...more }
}

/** The whole audit log. */
export function readWholeAudit(database: Database): Promise<AuditEvent[]> {
  return database.readAudit(0, 10_000)
}

/** Asserts that two values say the same; an optional member that is undefined says as much as one that is absent. */
export function assertSame(actual: unknown, expected: unknown, message?: string): void {
  assert.deepEqual(plain(actual), plain(expected), message)
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Array.from(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const said = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(said.map(([name, member]) => [name, plain(member)]))
}

/** Runs `act` for each of `count` racers, all begun before any is waited for. */
export function race<Result>(count: number, act: (racer: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: count }, (_, racer) => act(racer)))
}
