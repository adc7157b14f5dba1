import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BrowserSessions, type Resolved } from './browser-sessions.ts'
import type { Refreshed } from './issuer-client.ts'

const ORIGIN = { address: '127.0.0.1', userAgent: undefined }

/** An issuer of one session, with the rules of rotation: the token before is good for 30 s, an older one ends the session. */
class Issuer {
  now = 0
  generation = 0
  rotatedAt = -Infinity
  isEnded = false
  isAway = false
  calls = 0
  readonly #waiting: (() => void)[] = []
  holds = false

  async refresh(token: string): Promise<Refreshed> {
    this.calls++
    if (this.holds) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    if (this.isAway) return 'unknown'
    if (this.isEnded) return 'ended'
    const presented = Number(token.slice(1))
    if (presented === this.generation) {
      this.generation++
      this.rotatedAt = this.now
    } else if (presented !== this.generation - 1 || this.now - this.rotatedAt > 30_000) {
      this.isEnded = true
      return 'ended'
    }
    return { tokens: this.tokens() }
  }

  tokens() {
    return { accessToken: `a${this.generation}`, refreshToken: `r${this.generation}`, expiresInSeconds: 300 }
  }

  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

function open(most = 100) {
  const issuer = new Issuer()
  const timers: (() => void)[] = []
  const sessions = new BrowserSessions({
    refresh: (token) => issuer.refresh(token),
    now: () => issuer.now,
    after: () => new Promise<void>((resolve) => timers.push(resolve)),
    most,
  })
  const elapse = (): void => timers.splice(0).forEach((resolve) => resolve())
  const resolve = async (token: string): Promise<Resolved> => sessions.resolve(token, ORIGIN)
  return { issuer, sessions, resolve, elapse }
}

describe('what a gateway holds for a browser', () => {
  it('costs nobody a refresh as long as the access token is good for a while', async () => {
    const { issuer, sessions, resolve } = open()
    sessions.keep(issuer.tokens())
    issuer.now = 289_000
    expect(await resolve('r0')).toEqual({ accessToken: 'a0', refreshToken: 'r0' })
    expect(issuer.calls).toBe(0)
    issuer.now = 291_000
    expect(await resolve('r0')).toEqual({ accessToken: 'a1', refreshToken: 'r1' })
    expect(issuer.calls).toBe(1)
  })

  it.each(['known', 'unknown here'])(
    'is refreshed once, however many requests wait, when the session is %s',
    async (how) => {
      const { issuer, sessions, resolve } = open()
      if (how === 'known') sessions.keep(issuer.tokens())
      issuer.now = 295_000
      issuer.holds = true
      const waiting = Array.from({ length: 50 }, () => resolve('r0'))
      issuer.release()
      const answers = await Promise.all(waiting)
      expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
        new Set(['{"accessToken":"a1","refreshToken":"r1"}']),
      )
      expect(issuer.calls).toBe(1)
    },
  )

  it('stands for the token of before until the browser has shown the new one, and a window longer', async () => {
    const { issuer, sessions, resolve } = open()
    sessions.keep(issuer.tokens())
    issuer.now = 295_000
    await resolve('r0')
    issuer.now += 200_000
    expect(await resolve('r0')).toMatchObject({ refreshToken: 'r1' })
    expect(await resolve('r1')).toMatchObject({ refreshToken: 'r1' })
    issuer.now += 29_000
    expect(await resolve('r0')).toMatchObject({ refreshToken: 'r1' })
    issuer.now += 2_000
    expect(await resolve('r0')).toBe('ended')
  })

  it('is good to its end while the issuer is away, and then nobody can tell: that ends nothing', async () => {
    const { issuer, sessions, resolve } = open()
    sessions.keep(issuer.tokens())
    issuer.isAway = true
    issuer.now = 295_000
    expect(await resolve('r0')).toMatchObject({ accessToken: 'a0' })
    issuer.now = 301_000
    expect(await resolve('r0')).toBe('unknown')
    issuer.isAway = false
    expect(await resolve('r0')).toMatchObject({ accessToken: 'a1' })
  })

  it('keeps nobody waiting for an issuer that does not answer, as long as the access token is good', async () => {
    const { issuer, sessions, resolve, elapse } = open()
    sessions.keep(issuer.tokens())
    issuer.now = 295_000
    issuer.holds = true
    const waiting = resolve('r0')
    elapse()
    expect(await waiting).toMatchObject({ accessToken: 'a0' })
    issuer.release()
    expect(await resolve('r0')).toMatchObject({ accessToken: 'a1' })
    expect(issuer.calls).toBe(1)
  })

  it('is gone when the session has ended, with every token that stood for it', async () => {
    const { issuer, sessions, resolve } = open()
    sessions.keep(issuer.tokens())
    issuer.now = 295_000
    await resolve('r0')
    issuer.isEnded = true
    issuer.now += 295_000
    expect(await resolve('r1')).toBe('ended')
    expect(sessions.size).toBe(0)
    expect(await resolve('r0')).toBe('ended')
  })

  it('is bounded, and what was used last stays', async () => {
    const { sessions } = open(3)
    for (const name of ['a', 'b', 'c']) sessions.keep({ accessToken: name, refreshToken: name, expiresInSeconds: 300 })
    await sessions.resolve('a', ORIGIN)
    sessions.keep({ accessToken: 'd', refreshToken: 'd', expiresInSeconds: 300 })
    expect(sessions.size).toBe(3)
    expect(await sessions.resolve('a', ORIGIN)).toMatchObject({ accessToken: 'a' })
  })

  it('never signs an honest browser out, whatever answers are lost and however long it is away', async () => {
    const step = fc.record({ pauseMs: fc.nat(400_000), requests: fc.integer({ min: 1, max: 4 }), isLost: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { issuer, sessions, resolve } = open()
        let cookie = sessions.keep(issuer.tokens()).refreshToken
        for (const { pauseMs, requests, isLost } of steps) {
          issuer.now += pauseMs
          const answers = await Promise.all(Array.from({ length: requests }, () => resolve(cookie)))
          for (const answer of answers) {
            if (typeof answer === 'string') throw new Error(answer)
            if (!isLost) cookie = answer.refreshToken
          }
        }
      }),
    )
  })
})
