import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { freePort, makeFolder, runCommand, startServer, type Surroundings } from './harness.ts'

const SECRET = 'a-secret-of-thirty-two-characters'

interface Case {
  readonly what: string
  readonly says: RegExp
  readonly file?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly arguments?: readonly string[]
  readonly code?: number
}

const cases: readonly Case[] = [
  { what: 'an unknown key', file: 'lissten = "x"', says: /c\.toml: lissten is not a setting: did you mean listen\?/ },
  {
    what: 'an unknown variable',
    environment: { COUNTERFOIL_LISSEN: 'x' },
    says: /COUNTERFOIL_LISSEN .*COUNTERFOIL_LISTEN/,
  },
  { what: 'an unknown key of the policy', file: '[policy]\nleeway = 1', says: /policy\.leeway .*leeway_seconds/ },
  {
    what: 'an unknown key of an application',
    file: '[[applications]]\nid = "a"\nstrategie = "hybrid"',
    says: /did you mean strategy/,
  },
  { what: 'an unknown key of a verifier', file: '[[verifiers]]\nname = "a"\nkei = "a"', says: /did you mean key/ },
  {
    what: 'a file that is no TOML',
    file: 'listen = "127.0.0.1:7500"\nissuer =\n',
    says: /c\.toml:2: this is not valid TOML/,
  },
  {
    what: 'a file that is not there',
    arguments: ['serve', '--config', 'none.toml'],
    says: /none\.toml: there is no such file/,
  },
  { what: 'a folder as the file', arguments: ['serve', '--config', '.'], says: /\.: this is a folder/ },
  {
    what: 'a public issuer without https',
    environment: { COUNTERFOIL_ISSUER: 'http://auth.example.com' },
    says: /COUNTERFOIL_ISSUER must begin with https/,
  },
  {
    what: 'an address without a port',
    environment: { COUNTERFOIL_LISTEN: '127.0.0.1' },
    says: /COUNTERFOIL_LISTEN must be host:port/,
  },
  {
    what: 'an address that this machine does not have',
    environment: { COUNTERFOIL_LISTEN: '192.0.2.1:7500' },
    says: /cannot listen on 192\.0\.2\.1:7500: this machine has no such address/,
  },
  {
    what: 'a PostgreSQL without a database',
    environment: { COUNTERFOIL_DATABASE: 'postgres://u:hunter2@db' },
    says: /COUNTERFOIL_DATABASE must name a database/,
  },
  {
    what: 'a PostgreSQL without a secret',
    environment: { COUNTERFOIL_DATABASE: 'postgres://u:hunter2@127.0.0.1:9/x' },
    says: /secret is missing: .*set COUNTERFOIL_SECRET/,
  },
  {
    what: 'a PostgreSQL that is not there, at a command',
    arguments: ['keys', 'list'],
    environment: { COUNTERFOIL_DATABASE: 'postgres://u:hunter2@127.0.0.1:9/x', COUNTERFOIL_SECRET: SECRET },
    says: /database: postgres:\/\/u:\*{8}@127\.0\.0\.1:9\/x cannot be used: nothing listens there/,
  },
  {
    what: 'a Redis without a host',
    environment: { COUNTERFOIL_SESSION_STORE: 'redis://:hunter2@' },
    says: /COUNTERFOIL_SESSION_STORE must be "redis:/,
  },
  {
    what: 'a short secret',
    environment: { COUNTERFOIL_SECRET: 'hunter2' },
    says: /COUNTERFOIL_SECRET must be at least 32 bytes/,
  },
  {
    what: 'a range that is none',
    environment: { COUNTERFOIL_TRUSTED_PROXIES: '10.0.0.0/99' },
    says: /COUNTERFOIL_TRUSTED_PROXIES\[0\]/,
  },
  {
    what: 'an origin of a gateway that says more',
    environment: { COUNTERFOIL_ORIGINS_OF_GATEWAYS: 'https://api.example.com/orders' },
    says: /COUNTERFOIL_ORIGINS_OF_GATEWAYS\[0\] must be an origin and no more/,
  },
  {
    what: 'no workers',
    environment: { COUNTERFOIL_WORKERS: '0' },
    says: /COUNTERFOIL_WORKERS must be .* from 1 to 64/,
  },
  { what: 'a level that is none', environment: { COUNTERFOIL_LOG_LEVEL: 'loud' }, says: /must be one of "silent"/ },
  {
    what: 'a sign-up that is neither open nor closed',
    environment: { COUNTERFOIL_SIGN_UP: 'maybe' },
    says: /must be one of "open", "closed"/,
  },
  {
    what: 'a lifetime out of range',
    environment: { COUNTERFOIL_POLICY_ACCESS_TOKEN_SECONDS: '1' },
    says: /a whole number from 10 to 3600/,
  },
  {
    what: 'lifetimes at odds',
    file: '[policy]\nhybrid_absolute_seconds = 60',
    says: /hybrid_idle_seconds \(its default\) must not be more than/,
  },
  {
    what: 'two applications with one id',
    file: '[[applications]]\nid = "a"\nstrategy = "hybrid"\n'.repeat(2),
    says: /applications\[1\]\.id must differ/,
  },
  {
    what: 'a short key of a verifier',
    file: '[[verifiers]]\nname = "a"\nkey = "hunter2"',
    says: /verifiers\[0\]\.key must be a text of at least 32/,
  },
  { what: 'an unknown command', arguments: ['srve'], code: 2, says: /unknown command 'srve' \(Did you mean serve\?\)/ },
  {
    what: 'an unknown option',
    arguments: ['serve', '--confg', 'x'],
    code: 2,
    says: /unknown option '--confg' \(Did you mean --config\?\)/,
  },
  {
    what: 'a command on data that is not there',
    arguments: ['keys', 'list'],
    says: /there is no data at .*counterfoil\.db yet/,
  },
]

async function expectOneLine(
  args: readonly string[],
  surroundings: Surroundings,
  says: RegExp,
  code = 1,
): Promise<void> {
  const { stderr, ...end } = await runCommand(args, surroundings)
  expect(stderr).toMatch(says)
  expect(stderr).toMatch(/^counterfoil: [^\n]+\n$/)
  expect(stderr).not.toMatch(/hunter2|^ +at /m)
  expect(end).toEqual({ code, stdout: '' })
}

describe('what cannot work is said in one line, with a code that is not zero', () => {
  test.each(cases)('$what', async ({ file, environment, arguments: args, code, says }) => {
    using folder = makeFolder()
    if (file !== undefined) writeFileSync(join(folder.path, 'c.toml'), file)
    const surroundings = { folder: folder.path, environment: { COUNTERFOIL_LISTEN: '127.0.0.1:7', ...environment } }
    await expectOneLine(
      args ?? ['serve', ...(file === undefined ? [] : ['--config', 'c.toml'])],
      surroundings,
      says,
      code,
    )
  })

  test('a port that is taken', async () => {
    using folder = makeFolder()
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const address = taken.address()
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0
    try {
      const environment = { COUNTERFOIL_LISTEN: `127.0.0.1:${port}` }
      const says = new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: the port is taken by another program`)
      await expectOneLine(['serve'], { folder: folder.path, environment }, says)
    } finally {
      taken.close()
    }
  })

  test('a data folder that cannot be made', async () => {
    using folder = makeFolder()
    writeFileSync(join(folder.path, 'file'), '')
    const environment = { COUNTERFOIL_DATA_DIR: 'file/data' }
    await expectOneLine(
      ['serve'],
      { folder: folder.path, environment },
      /file\/data cannot be made .*a file is in the way/,
    )
  })

  test('a database in a folder that is not there', async () => {
    using folder = makeFolder()
    const environment = { COUNTERFOIL_DATABASE: 'sqlite:none/counterfoil.db' }
    await expectOneLine(
      ['serve'],
      { folder: folder.path, environment },
      /none\/counterfoil\.db does not exist|The folder of /,
    )
  })

  test('a database that is no database', async () => {
    using folder = makeFolder()
    mkdirSync(join(folder.path, 'data'))
    const path = join(folder.path, 'data/counterfoil.db')
    writeFileSync(path, 'this is no database. '.repeat(500))
    const before = readFileSync(path)
    await expectOneLine(['serve'], { folder: folder.path }, /counterfoil\.db is damaged, or no SQLite file/)
    expect(readFileSync(path)).toEqual(before)
  })

  test('a database that another program made', async () => {
    using folder = makeFolder()
    mkdirSync(join(folder.path, 'data'))
    const db = new DatabaseSync(join(folder.path, 'data/counterfoil.db'))
    db.exec('CREATE TABLE theirs (x)')
    db.close()
    await expectOneLine(['serve'], { folder: folder.path }, /counterfoil\.db is an SQLite file of another program/)
  })
})

describe('data that was there before', () => {
  async function makeData(folder: string): Promise<Surroundings> {
    const surroundings = { folder, environment: { COUNTERFOIL_LISTEN: `127.0.0.1:${await freePort()}` } }
    const server = await startServer(surroundings)
    expect(await server.stop()).toBe(0)
    return surroundings
  }

  const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

  test('a database of a newer program is refused, and left as it is', async () => {
    using folder = makeFolder()
    const surroundings = await makeData(folder.path)
    const path = join(folder.path, 'data/counterfoil.db')
    const db = new DatabaseSync(path)
    db.exec('PRAGMA user_version = 999')
    db.close()
    const before = digest(path)
    await expectOneLine(['serve'], surroundings, /counterfoil\.db was written by a newer program/)
    expect(digest(path)).toBe(before)
  })

  test('a secret that is missing is not replaced by a new one', async () => {
    using folder = makeFolder()
    const surroundings = await makeData(folder.path)
    rmSync(join(folder.path, 'data/secret'))
    await expectOneLine(['serve'], surroundings, /data\/secret is missing, and the keys .* open with nothing else/)
    await expectOneLine(['serve'], surroundings, /data\/secret is missing/)
  })

  test('another secret in the file is refused', async () => {
    using folder = makeFolder()
    const surroundings = await makeData(folder.path)
    writeFileSync(join(folder.path, 'data/secret'), SECRET)
    await expectOneLine(['serve'], surroundings, /data\/secret does not open the keys in .*counterfoil\.db/)
  })

  test('another secret in the environment is refused, and not shown', async () => {
    using folder = makeFolder()
    const surroundings = await makeData(folder.path)
    const environment = { ...surroundings.environment, COUNTERFOIL_SECRET: SECRET }
    const says = /^(?!.*a-secret-of).*secret \(COUNTERFOIL_SECRET\) does not open the keys/
    await expectOneLine(['serve'], { ...surroundings, environment }, says)
    await expectOneLine(['keys', 'rotate'], { ...surroundings, environment }, says)
  })

  test.skipIf(process.platform === 'win32')('a secret that others may read is refused with what to do', async () => {
    using folder = makeFolder()
    const surroundings = await makeData(folder.path)
    chmodSync(join(folder.path, 'data/secret'), 0o644)
    await expectOneLine(['serve'], surroundings, /data\/secret may be read by others .*run chmod 600 /)
  })

  test('the text of the secret file works in the environment', async () => {
    using folder = makeFolder()
    const surroundings = await makeData(folder.path)
    const path = join(folder.path, 'data/secret')
    const secret = readFileSync(path, 'utf8').trim()
    rmSync(path)
    const environment = { ...surroundings.environment, COUNTERFOIL_SECRET: secret }
    const server = await startServer({ ...surroundings, environment })
    expect(await server.stop()).toBe(0)
  })
})
