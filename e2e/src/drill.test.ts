import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { ROUTES } from '@counterfoil/protocol'
import { createVerifier } from '@counterfoil/verifier'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PASSWORD, signIn, signUp } from './client.ts'
import { freePort, makeFolder, QUICK, runCommand, startServer, type Ended, type RunningServer } from './harness.ts'

const KEY = 'the-key-of-the-probes-of-a-drill'
const ENVIRONMENT = { ...QUICK, COUNTERFOIL_POLICY_LEASE_SECONDS: '1' }

interface Probe {
  readonly url: string
  close(): Promise<void>
}

const folder = makeFolder()
let server: RunningServer

beforeAll(async () => {
  writeFileSync(join(folder.path, 'c.toml'), `[[verifiers]]\nname = "probe"\nkey = "${KEY}"\n`)
  server = await startServer({ folder: folder.path, environment: ENVIRONMENT }, ['--config', 'c.toml'])
})

afterAll(async () => {
  await server.stop('SIGKILL')
  folder[Symbol.dispose]()
})

async function listen(answer: RequestListener): Promise<Probe> {
  const port = await freePort()
  const probe = createServer(answer).listen(port, '127.0.0.1')
  await once(probe, 'listening')
  return {
    url: `http://localhost:${port}/probe`,
    close: async () => {
      probe.closeAllConnections()
      probe.close()
      await once(probe, 'close')
    },
  }
}

/** A small service that follows the log, and says of a credential whether it takes it. */
async function followingProbe(): Promise<Probe> {
  const verifier = createVerifier({ issuer: server.url, audience: server.url, onStale: 'reject', feed: { key: KEY } })
  const probe = await listen((request, response) => {
    const credential = request.headers.authorization?.replace(/^Bearer /, '')
    void Promise.resolve(verifier.verify(credential)).then(({ outcome }) => {
      response.writeHead({ accepted: 204, refused: 401, unknown: 503 }[outcome]).end()
    })
  })
  return {
    url: probe.url,
    close: () => {
      verifier.close()
      return probe.close()
    },
  }
}

function drill(...args: readonly string[]): Promise<Ended> {
  return drillAt(server.url, args)
}

function drillAt(issuer: string, args: readonly string[], input?: string): Promise<Ended> {
  const all = ['drill', '--issuer', issuer, '--client-id', 'hybrid', ...args]
  return runCommand(all, { folder: folder.path, ...(input !== undefined && { input }) })
}

/** The address of the throw-away account. */
function inventedIn({ stderr }: Ended): string {
  return /made the account (\S+)/.exec(stderr)?.[1] ?? ''
}

describe('a drill', () => {
  test('measures every vantage point, finds the bound kept, and leaves no account behind', async () => {
    const probe = await followingProbe()
    const end = await drill('--probe', probe.url, '--probe', server.url + ROUTES.verify, '--rounds', '3')
    await probe.close()
    expect(end).toMatchObject({ code: 0 })
    for (const title of [probe.url, server.url + ROUTES.verify])
      expect(end.stdout).toContain(`\n${title}: 3 rejections, p50 `)
    expect(end.stdout).toContain('\nin all: 6 rejections, p50 ')
    expect(end.stdout).toMatch(/█ \d\n/)
    expect(end.stdout).toMatch(/\nkept: each of 6 rejections came within the bound of 1,\d{3} ms; [^\n]+\n$/)
    expect(end.stderr).toMatch(/round 1 of 3: [^\n]+\nround 2 of 3: [^\n]+\nround 3 of 3: /)
    expect(end.stdout + end.stderr).not.toMatch(/eyJ|cfr_|cfs_/)
    expect((await signUp({ url: server.url, email: inventedIn(end) })).status).toBe(201)
  })

  test('without a probe it asks the issuer itself', async () => {
    const { code, stdout } = await drill('--rounds', '1')
    expect(code).toBe(0)
    expect(stdout).toContain(`\n${server.url}/verify: 1 rejections, p50 `)
  })

  test('exits with 1 when somebody still accepts after the bound, and stops there', async () => {
    const probe = await listen((_request, response) => response.writeHead(204).end())
    const end = await drill('--probe', probe.url, '--rounds', '5')
    await probe.close()
    expect(end).toMatchObject({ code: 1 })
    expect(end.stdout).toMatch(/\nBROKEN: 1 of 1 times [^\n]+ the bound of 1,\d{3} ms, at http[^\n]+\/probe\n$/)
    expect(end.stderr).toMatch(/round 1 of 5: still accepted after the bound\nremoved the account/)
  })

  test('reckons the bound from --lease-seconds', async () => {
    const { code, stdout } = await drill('--rounds', '1', '--lease-seconds', '7')
    expect(code).toBe(0)
    expect(stdout).toContain('within the bound of 7,007 ms;')
  })

  test('with --email it uses that account, and leaves it there', async () => {
    const visitor = { url: server.url, email: 'ada@example.com' }
    await signUp(visitor)
    const end = await drillAt(server.url, ['--email', visitor.email, '--password-stdin', '--rounds', '1'], PASSWORD)
    expect(end).toMatchObject({ code: 0 })
    expect(end.stdout + end.stderr).not.toContain(PASSWORD)
    expect((await signIn(visitor, 'hybrid')).status).toBe(201)
  })
})

describe('a drill that can measure nothing exits with 2, and one line says why:', () => {
  test('a server that is not there', async () => {
    const end = await drillAt(`http://localhost:${await freePort()}`, [])
    expect(end).toMatchObject({ code: 2, stdout: '' })
    expect(end.stderr).toMatch(/^counterfoil: http:\S+ cannot be reached: ECONNREFUSED\n$/)
  })

  test('sign-up that is closed', async () => {
    using own = makeFolder()
    const environment = { ...ENVIRONMENT, COUNTERFOIL_SIGN_UP: 'closed' }
    const closed = await startServer({ folder: own.path, environment })
    const end = await drillAt(closed.url, [])
    await closed.stop('SIGKILL')
    expect(end).toMatchObject({ code: 2, stdout: '' })
    expect(end.stderr).toMatch(/^counterfoil: sign-up is closed: [^\n]+ --email\n$/)
  })

  test.each([
    [401, /refuses a session that has just begun/],
    [404, /answered a probe with 404: it must answer 204, 401 or 503/],
  ])('a probe that answers %i to everything', async (status, says) => {
    const probe = await listen((_request, response) => response.writeHead(status).end())
    const end = await drill('--probe', probe.url)
    await probe.close()
    expect(end).toMatchObject({ code: 2, stdout: '' })
    expect(end.stderr).toMatch(says)
    expect(end.stderr).toContain('removed the account')
  })

  test('an account whose password is not given', async () => {
    const end = await drillAt(server.url, ['--email', 'ada@example.com', '--password-stdin'], '')
    expect(end).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/standard input is empty/) as string,
    })
  })

  test.each([
    ['--issuer', 'http://auth.example.com'],
    ['--probe', 'ftp://localhost'],
    ['--rounds', '0'],
    ['--lease-seconds', 'five'],
  ])('%s %s is wrong usage', async (option, value) => {
    const end = await drill(option, value)
    expect(end).toMatchObject({ code: 2, stdout: '' })
    expect(end.stderr).toMatch(new RegExp(`^counterfoil: [^\\n]*${option} [^\\n]+\\n$`))
  })
})
