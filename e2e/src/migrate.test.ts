import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createVerifier, type Verifier } from '@counterfoil/verifier'
import { ROUTES, STRATEGIES } from '@counterfoil/protocol'
import { FORGETFUL, hasRedis, startPostgres, startRedis } from '@counterfoil/testbed'
import { describe, expect, onTestFinished, test } from 'vitest'
import { begin, refresh, send, signIn, whoAmI, type Held } from './client.ts'
import { COMMAND, freePort, makeFolder, QUICK, runCommand, startServer, until, type RunningServer } from './harness.ts'

const SECRET = 'a-secret-of-thirty-two-characters'
const MIGRATE = ['migrate', '--from', 'old.toml', '--to', 'new.toml']

/** Two configurations of one installation, at one address. */
interface Move {
  readonly folder: string
  serve(file: string): Promise<RunningServer>
  migrate(...more: readonly string[]): ReturnType<typeof runCommand>
}

async function prepare(old: string, next: string): Promise<Move> {
  const folder = makeFolder()
  onTestFinished(() => folder[Symbol.dispose]())
  const surroundings = { folder: folder.path, environment: QUICK }
  const listen = `127.0.0.1:${await freePort()}`
  const common = `secret = "${SECRET}"\n`
  const verifiers = '[[verifiers]]\nname = "orders"\nkey = "replace-this-with-32-random-characters"\n'
  writeFileSync(join(folder.path, 'old.toml'), `${common}${old}\n${verifiers}`)
  writeFileSync(join(folder.path, 'new.toml'), `${common}${next}\n${verifiers}`)
  return {
    folder: folder.path,
    async serve(file) {
      const environment = { ...QUICK, COUNTERFOIL_LISTEN: listen }
      const server = await startServer({ folder: folder.path, environment }, ['--config', file])
      onTestFinished(async () => void (await server.stop('SIGKILL')))
      return server
    },
    migrate: (...more) => runCommand([...MIGRATE, ...more], surroundings),
  }
}

const OLD = 'data_dir = "old"'
const NEW = 'data_dir = "new"'

/** Where a verifier is in the log, and how often it began anew. */
function placeOf(verifier: Verifier): unknown {
  const { feed } = verifier.status()
  if (feed === 'none') throw new TypeError('this verifier follows nothing')
  const { incarnation, position, snapshots } = feed
  return { incarnation, position, snapshots }
}

/** Makes sessions of all strategies, some of which have ended, moves them, and sees what they are worth afterwards. */
async function expectNobodySignedOut(move: Move): Promise<void> {
  let server = await move.serve('old.toml')
  const { url } = server
  const visitor = { url, email: 'ada@example.com' }
  const [stateless, stateful, hybrid] = await Promise.all([
    begin(visitor, 'stateless'),
    begin(visitor, 'stateful'),
    begin(visitor, 'hybrid'),
  ])
  const ended = await Promise.all(
    STRATEGIES.map((strategy) => begin({ url, email: `gone-${strategy}@example.com` }, strategy)),
  )
  for (const { bearer } of ended)
    expect((await send(url, ROUTES.currentSession, { method: 'DELETE', bearer })).status).toBeLessThan(300)
  const cart = `${ROUTES.attributes}/cart`
  for (const { bearer } of [stateful, hybrid])
    expect((await send(url, cart, { method: 'PUT', bearer, json: { items: 2 } })).status).toBeLessThan(300)
  const verifier = createVerifier({
    issuer: url,
    audience: url,
    feed: { key: 'replace-this-with-32-random-characters' },
    onStale: 'reject',
  })
  onTestFinished(() => verifier.close())
  const verdictOn = async ({ bearer }: Held): Promise<string> => (await verifier.verify(bearer)).outcome
  await until(async () => ((await verdictOn(hybrid)) === 'accepted' ? true : undefined))
  const before = placeOf(verifier)
  await server.stop()

  const moved = await move.migrate()
  expect(moved).toMatchObject({ code: 0 })
  expect(moved.stdout).toMatch(/sessions +│ +2 /)
  expect(moved.stdout).toContain('next: counterfoil serve --config new.toml')
  expect(moved.stdout + moved.stderr).not.toContain(SECRET)

  server = await move.serve('new.toml')
  for (const held of [stateless, stateful, hybrid]) expect((await whoAmI(url, held.bearer)).status).toBe(200)
  for (const { bearer } of [stateful, hybrid]) expect((await send(url, cart, { bearer })).body).toEqual({ items: 2 })
  expect((await refresh(url, hybrid.refreshToken, 'hybrid')).status).toBe(200)
  expect((await refresh(url, stateless.refreshToken, 'stateless')).status).toBe(200)
  for (const [at, held] of ended.entries()) {
    expect((await whoAmI(url, held.bearer)).status).toBe(401)
    if (STRATEGIES[at] !== 'stateful')
      expect((await refresh(url, held.refreshToken, STRATEGIES[at] ?? 'hybrid')).status).toBe(400)
  }
  expect((await signIn(visitor, 'hybrid')).status).toBeLessThan(300)
  // The same log at the same place: the verifier goes on with what it has, and hears of what ends from now on.
  await until(async () => ((await verdictOn(hybrid)) === 'accepted' ? true : undefined))
  expect(placeOf(verifier)).toEqual(before)
  expect((await send(url, ROUTES.currentSession, { method: 'DELETE', bearer: hybrid.bearer })).status).toBeLessThan(300)
  await until(async () => ((await verdictOn(hybrid)) === 'refused' ? true : undefined))
  expect(await server.stop()).toBe(0)
}

test(
  'moving from one SQLite file to another signs nobody out, and brings nobody back',
  { timeout: 120_000 },
  async () => {
    await expectNobodySignedOut(await prepare(OLD, NEW))
  },
)

test('moving from SQLite to PostgreSQL signs nobody out, and brings nobody back', { timeout: 120_000 }, async () => {
  const postgres = await startPostgres({ settings: FORGETFUL })
  onTestFinished(() => postgres.close())
  const url = postgres.url(await postgres.createDatabase())
  await expectNobodySignedOut(await prepare(OLD, `database = "${url}"`))
})

test.skipIf(!hasRedis())(
  'moving from SQLite to PostgreSQL with Redis, and back, signs nobody out',
  { timeout: 240_000 },
  async () => {
    const [postgres, redis] = [await startPostgres({ settings: FORGETFUL }), await startRedis()]
    onTestFinished(async () => {
      await redis.close()
      await postgres.close()
    })
    const both = `database = "${postgres.url(await postgres.createDatabase())}"\nsession_store = "${redis.url}"`
    await expectNobodySignedOut(await prepare(OLD, both))
    const other = `database = "${postgres.url(await postgres.createDatabase())}"\nsession_store = "${redis.url}/1"`
    await expectNobodySignedOut(await prepare(other, NEW))
  },
)

test.skipIf(!hasRedis())('sessions alone move to Redis where the database stays', { timeout: 120_000 }, async () => {
  const [postgres, redis] = [await startPostgres({ settings: FORGETFUL }), await startRedis()]
  onTestFinished(async () => {
    await redis.close()
    await postgres.close()
  })
  const database = `database = "${postgres.url(await postgres.createDatabase())}"`
  const move = await prepare(database, `${database}\nsession_store = "${redis.url}"`)
  await expectNobodySignedOut(move)
  const { code, stderr } = await runCommand(['serve', '--config', 'old.toml'], { folder: move.folder })
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('were moved to redis://') as string })
})

describe('counterfoil migrate', () => {
  async function fillOld(move: Move, accounts = 3): Promise<Held[]> {
    const server = await move.serve('old.toml')
    const held = await Promise.all(
      Array.from({ length: accounts }, (_, at) => begin({ url: server.url, email: `u${at}@example.com` }, 'hybrid')),
    )
    await server.stop()
    return held
  }

  test('refuses while a server runs on either side, and changes nothing', { timeout: 60_000 }, async () => {
    const move = await prepare(OLD, NEW)
    await fillOld(move)
    const old = await move.serve('old.toml')
    expect(await move.migrate()).toEqual({
      code: 1,
      stdout: '',
      stderr: `counterfoil: a server is running on sqlite:${move.folder}/old/counterfoil.db: stop it first\n`,
    })
    expect(existsSync(join(move.folder, 'new'))).toBe(false)
    await old.stop()
    const next = await move.serve('new.toml')
    expect(await move.migrate()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('/new/counterfoil.db: stop') as string,
    })
    await next.stop()
    expect(await move.migrate()).toMatchObject({ code: 1, stderr: expect.stringContaining('is not empty') as string })
  })

  test(
    'refuses a PostgreSQL database that a server has open, even one that does nothing',
    { timeout: 60_000 },
    async () => {
      const postgres = await startPostgres({ settings: FORGETFUL })
      onTestFinished(() => postgres.close())
      const move = await prepare(`database = "${postgres.url(await postgres.createDatabase())}"`, NEW)
      const server = await move.serve('old.toml')
      expect(await move.migrate()).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/a server is running on postgres:\S+: stop/) as string,
      })
      await server.stop()
      expect(await move.migrate()).toMatchObject({ code: 0 })
    },
  )

  test('says which secret is missing, and goes on when it is there', { timeout: 60_000 }, async () => {
    const move = await prepare(OLD, NEW)
    for (const [file, folder] of [
      ['old.toml', 'old'],
      ['new.toml', 'new'],
    ] as const)
      writeFileSync(join(move.folder, file), `data_dir = "${folder}"\n`)
    const [held] = await fillOld(move, 1)
    const [from, to] = [join(move.folder, 'old/secret'), join(move.folder, 'new/secret')]
    const { code, stderr } = await move.migrate()
    expect(code).toBe(1)
    expect(stderr).toBe(`counterfoil: ${to} is missing: copy the one of --from: cp -p ${from} ${to}\n`)
    writeFileSync(
      join(move.folder, 'new.toml'),
      `data_dir = "new"\nsecret = "another-secret-of-thirty-two-characters"\n`,
    )
    const wrong = await move.migrate()
    expect(wrong.stderr).toContain('secret (new.toml) does not open the keys that are to be copied')
    writeFileSync(join(move.folder, 'new.toml'), `data_dir = "new"\n`)
    mkdirSync(join(move.folder, 'new'), { recursive: true, mode: 0o700 })
    copyFileSync(from, to)
    expect(await move.migrate()).toMatchObject({ code: 0 })
    const server = await move.serve('new.toml')
    expect((await whoAmI(server.url, held?.bearer ?? '')).status).toBe(200)
    await server.stop()
  })

  test('--dry-run counts while a server runs, and writes nothing', { timeout: 60_000 }, async () => {
    const move = await prepare(OLD, NEW)
    await fillOld(move)
    const server = await move.serve('old.toml')
    const { code, stdout } = await move.migrate('--dry-run')
    expect(code).toBe(0)
    expect(stdout).toMatch(/accounts +│ +3 /)
    expect(stdout).toContain('nothing was written')
    expect(existsSync(join(move.folder, 'new'))).toBe(false)
    await server.stop()
  })

  test(
    'refuses one place given twice, a file that is not there, and data that is not there',
    { timeout: 60_000 },
    async () => {
      const move = await prepare(OLD, OLD)
      expect(await move.migrate()).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('name the same data') as string,
      })
      const nowhere = await runCommand(['migrate', '--from', 'nowhere.toml', '--to', 'new.toml'], {
        folder: move.folder,
      })
      expect(nowhere.stderr).toContain('nowhere.toml: there is no such file')
      const none = await prepare(OLD, NEW)
      expect((await none.migrate()).stderr).toContain('there is no data at')
      const half = await runCommand(['migrate', '--from', 'old.toml'], { folder: move.folder })
      expect(half).toMatchObject({ code: 2, stderr: expect.stringContaining('--to <file>') as string })
    },
  )

  test(
    'killed at any moment it goes on when it is repeated, and until then no server starts there',
    { timeout: 240_000 },
    async () => {
      const move = await prepare(OLD, NEW)
      const [held] = await fillOld(move, 1)
      multiply(join(move.folder, 'old/counterfoil.db'), 30_000)
      for (const sessions of [0, 1, 6000, 12_000, 18_000]) {
        await killDuring(move.folder, sessions)
        const environment = { COUNTERFOIL_LISTEN: `127.0.0.1:${await freePort()}` }
        const start = await runCommand(['serve', '--config', 'new.toml'], { folder: move.folder, environment })
        expect(start).toMatchObject({ code: 1, stderr: expect.stringContaining('copied only in part') as string })
      }
      const { child, output, ended } = startMigrating(move.folder)
      await until(async () => (BEGUN.test(output.stderr) ? true : undefined))
      child.kill('SIGINT')
      expect(await ended).toBe(130)
      expect(output.stderr).toContain('to go on: counterfoil migrate --from old.toml --to new.toml')
      const { code, stdout } = await move.migrate()
      expect(code).toBe(0)
      expect(stdout).toMatch(/sessions +│ +30,001 /)
      const server = await move.serve('new.toml')
      expect((await refresh(server.url, held?.refreshToken, 'hybrid')).status).toBe(200)
      await server.stop()
    },
  )
})

/** Adds sessions like the one that is there. */
function multiply(path: string, count: number): void {
  const db = new DatabaseSync(path)
  const columns = db
    .prepare('SELECT name FROM pragma_table_info(?)')
    .all('sessions')
    .map(({ name }) => String(name))
  const others = columns.filter((name) => name !== 'id').join(', ')
  db.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
    INSERT INTO sessions (id, ${others}) SELECT printf('session%015d', i), ${others} FROM n, (SELECT * FROM sessions LIMIT 1)`)
  db.close()
}

const BEGUN = /^(copying|going on with) /m

function startMigrating(folder: string) {
  const { PATH = '', HOME = folder } = process.env
  const child = spawn(process.execPath, [COMMAND, ...MIGRATE], { cwd: folder, env: { PATH, HOME } })
  const output = { stderr: '' }
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  const ended = new Promise<number | null>((resolve) => void child.once('close', resolve))
  return { child, output, ended }
}

/** Kills a migration when so many sessions have been copied; with none, as soon as it says that it copies. */
async function killDuring(folder: string, sessions: number): Promise<void> {
  const { child, output, ended } = startMigrating(folder)
  await until(async () => (BEGUN.test(output.stderr) ? true : undefined))
  await until(async () => (countSessions(join(folder, 'new/counterfoil.db')) >= sessions ? true : undefined))
  child.kill('SIGKILL')
  expect(await ended).toBe(null)
}

function countSessions(path: string): number {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 1000 })
  try {
    return Number(db.prepare('SELECT count(*) AS count FROM sessions').get()?.['count'])
  } finally {
    db.close()
  }
}
