import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROUTES } from '@counterfoil/protocol'
import { describe, expect, test } from 'vitest'
import { send, signIn, signUp } from './client.ts'
import { COMMAND, makeFolder, QUICK, runCommand, startServer } from './harness.ts'

const run = promisify(execFile)
const SECRET = 'a-secret-of-thirty-two-characters'

describe('help', () => {
  test('--version prints the version', async () => {
    using folder = makeFolder()
    const end = await runCommand(['--version'], { folder: folder.path })
    expect(end).toMatchObject({ code: 0, stderr: '' })
    expect(end.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test('--help names every command and gives examples', async () => {
    using folder = makeFolder()
    const { code, stdout } = await runCommand(['--help'], { folder: folder.path })
    expect(code).toBe(0)
    for (const command of ['serve', 'check-config', 'keys', 'accounts', 'verifiers', 'gateway', 'migrate', 'drill'])
      expect(stdout).toContain(`\n  ${command} `)
    expect(stdout).toContain('$ counterfoil serve --config counterfoil.toml')
    for (const group of ['keys', 'accounts', 'verifiers', 'gateway', 'migrate', 'drill']) {
      expect((await runCommand([group, '--help'], { folder: folder.path })).stdout).toContain(`counterfoil ${group}`)
    }
  })

  test('without a command there is help, and a code that is not zero', async () => {
    using folder = makeFolder()
    const { code, stderr } = await runCommand([], { folder: folder.path })
    expect(code).toBe(2)
    expect(stderr).toContain('Usage: counterfoil')
  })
})

describe('check-config', () => {
  test('prints what is in force and where it comes from, with secrets masked, and touches nothing', async () => {
    using folder = makeFolder()
    writeFileSync(join(folder.path, 'c.toml'), `secret = "${SECRET}"\nlisten = "127.0.0.1:1"\n`)
    const { code, stdout, stderr } = await runCommand(['check-config', '--config', 'c.toml'], {
      folder: folder.path,
      environment: { COUNTERFOIL_LISTEN: '127.0.0.1:2' },
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^listen = "127\.0\.0\.1:2" +# COUNTERFOIL_LISTEN$/m)
    expect(stdout).toMatch(/^issuer = "http:\/\/localhost:2" +# default$/m)
    expect(stdout).toMatch(/^# secret = "\*+" +# c\.toml$/m)
    expect(stdout).not.toContain(SECRET)
    expect(existsSync(join(folder.path, 'data'))).toBe(false)
  })
})

describe('accounts add', () => {
  const cases: readonly (readonly [what: string, args: readonly string[], input: string, says: RegExp])[] = [
    ['no terminal and no --password-stdin', ['a@example.com'], '', /there is no terminal to ask for the password/],
    ['nothing on standard input', ['a@example.com', '--password-stdin'], '', /standard input is empty/],
    ['something that is no address', ['ada', '--password-stdin'], 'x', /"ada" is no email address/],
    ['a role with a comma', ['a@b.c', '--role', 'a,b', '--password-stdin'], 'x', /"a,b" is no role/],
    ['a common password', ['a@b.c', '--password-stdin'], 'password1', /The password does not meet the rules\. \S/],
  ]

  test.each(cases)('refuses %s in one line', async (_what, args, input, says) => {
    using folder = makeFolder()
    const { code, stdout, stderr } = await runCommand(['accounts', 'add', ...args], { folder: folder.path, input })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(says)
    expect(stderr).toMatch(/^counterfoil: [^\n]+\n$/)
    expect(stderr).not.toContain('password1')
  })

  test('takes no password as an argument', async () => {
    using folder = makeFolder()
    const end = await runCommand(['accounts', 'add', 'a@example.com', '--password', 'x'], { folder: folder.path })
    expect(end).toMatchObject({ code: 2, stderr: expect.stringMatching(/unknown option '--password'/) as string })
  })
})

describe('accounts disable', () => {
  test('V7.4.5 one user is signed out everywhere by whoever runs the server, and nobody else', async () => {
    using folder = makeFolder()
    const server = await startServer({ folder: folder.path, environment: QUICK })
    const { url } = server
    const [ada, bob] = ['ada@example.com', 'bob@example.com'].map((email) => ({ url, email }))
    if (ada === undefined || bob === undefined) throw new Error('nobody is there')
    for (const visitor of [ada, bob]) await signUp(visitor)
    const tokens = await Promise.all(
      [signIn(ada, 'stateful'), signIn(ada, 'hybrid'), signIn(bob, 'stateful')].map(async (signingIn) => {
        const { body } = await signingIn
        return String(body['session_token'] ?? body['access_token'])
      }),
    )
    const statuses = () =>
      Promise.all(tokens.map(async (bearer) => (await send(url, ROUTES.currentSession, { bearer })).status))
    expect(await statuses()).toEqual([200, 200, 200])
    const { code, stdout } = await runCommand(['accounts', 'disable', ada.email], { folder: folder.path })
    expect([code, stdout]).toEqual([0, expect.stringContaining('its sessions have ended')])
    const seconds = Number(/within ([\d.]+) s/.exec(stdout)?.[1])
    await expect.poll(statuses, { timeout: seconds * 1000 }).toEqual([401, 401, 200])
    expect((await signIn(ada, 'stateful')).status).toBe(401)
    await server.stop('SIGKILL')
  })
})

describe('the file that begins', () => {
  test.each(['20.20.2', '24.15.9', '25.9.0', '26.0.0'])('says one clear line on Node %s', async (version) => {
    using folder = makeFolder()
    const pretend = join(folder.path, 'pretend.cjs')
    writeFileSync(pretend, `Object.defineProperty(process.versions, 'node', { value: '${version}' })`)
    const failed = await run(process.execPath, ['--require', pretend, COMMAND, '--version']).catch(
      (error: unknown) => error,
    )
    expect(failed).toMatchObject({ code: 1, stdout: '' })
    expect(failed).toHaveProperty(
      'stderr',
      expect.stringMatching(
        new RegExp(
          `^counterfoil: needs Node 24\\.16 or later of 24, or 26\\.1 or later; found ${version}\\. [^\\n]+\\n$`,
        ),
      ),
    )
  })

  test.each(['24.16.0', '24.99.0', '26.1.0', '27.0.0'])('goes on with Node %s', async (version) => {
    using folder = makeFolder()
    const pretend = join(folder.path, 'pretend.cjs')
    writeFileSync(pretend, `Object.defineProperty(process.versions, 'node', { value: '${version}' })`)
    expect((await run(process.execPath, ['--require', pretend, COMMAND, '--version'])).stdout).toMatch(/^\d/)
  })

  test('says what to run where nothing is built', async () => {
    using folder = makeFolder()
    mkdirSync(join(folder.path, 'bin'))
    writeFileSync(join(folder.path, 'package.json'), '{"type":"module"}')
    copyFileSync(COMMAND, join(folder.path, 'bin/counterfoil.js'))
    const failed = await run(process.execPath, [join(folder.path, 'bin/counterfoil.js')]).catch(
      (error: unknown) => error,
    )
    expect(failed).toMatchObject({ code: 1, stderr: 'counterfoil: is not built yet: run npm run build first.\n' })
  })
})

describe('verifiers add', () => {
  test('prints what belongs into the file, with another key each time', async () => {
    using folder = makeFolder()
    const ends = await Promise.all(
      [1, 2].map(() => runCommand(['verifiers', 'add', 'orders'], { folder: folder.path })),
    )
    for (const { code, stdout } of ends) {
      expect(code).toBe(0)
      expect(stdout).toMatch(/^\[\[verifiers\]\]\nname = "orders"\nkey = "[\w-]{43}"\n$/)
    }
    expect(ends[0]?.stdout).not.toBe(ends[1]?.stdout)
  })

  test('writes it after what a file says already, which then has that verifier', async () => {
    using folder = makeFolder()
    const file = join(folder.path, 'c.toml')
    writeFileSync(file, '# mine\nlisten = "127.0.0.1:1"\n[policy]\nlease_seconds = 2')
    const added = await runCommand(['verifiers', 'add', 'orders', '--config', 'c.toml'], { folder: folder.path })
    expect(added).toMatchObject({ code: 0, stdout: expect.stringMatching(/^VERIFIER_KEY=[\w-]{43}\n$/) as string })
    expect(readFileSync(file, 'utf8')).toMatch(/^# mine\nlisten = "127\.0\.0\.1:1"\n\[policy\]\nlease_seconds = 2\n/)
    const { stdout } = await runCommand(['check-config', '--config', 'c.toml'], { folder: folder.path })
    expect(stdout).toContain('orders')
    expect(stdout).not.toContain(added.stdout.trim().slice('VERIFIER_KEY='.length))
    const again = await runCommand(['verifiers', 'add', 'orders', '--config', 'c.toml'], { folder: folder.path })
    expect(again).toMatchObject({
      code: 1,
      stderr: 'counterfoil: c.toml has a verifier orders already: give this one another name\n',
    })
  })

  test('makes the file where there is none, for its owner only', async () => {
    using folder = makeFolder()
    const { code } = await runCommand(['verifiers', 'add', 'orders', '--config', 'new.toml'], { folder: folder.path })
    expect(code).toBe(0)
    expect(statSync(join(folder.path, 'new.toml')).mode & 0o777).toBe(0o600)
  })

  test('refuses a name that is none in one line', async () => {
    using folder = makeFolder()
    const end = await runCommand(['verifiers', 'add', 'two words'], { folder: folder.path })
    expect(end).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^counterfoil: "two words" is no name [^\n]+\n$/) as string,
    })
  })
})
