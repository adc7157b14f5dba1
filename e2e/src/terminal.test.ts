import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { PASSWORD, signIn } from './client.ts'
import { COMMAND, freePort, makeFolder, startServer } from './harness.ts'

// script(1) of util-linux gives a process a terminal; the one of BSD takes other options.
const hasScript = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0
if (!hasScript)
  console.warn('SKIPPED: what a person sees in a terminal is not tested here: there is no script(1) of util-linux')

interface Terminal {
  readonly process: ChildProcess
  output(): string
  seen(text: string): Promise<void>
  type(keys: string): void
}

function openTerminal(args: readonly string[], folder: string, environment: Record<string, string>): Terminal {
  const line = [process.execPath, COMMAND, ...args].map((word) => `'${word}'`).join(' ')
  const { PATH = '' } = process.env
  const child = spawn('script', ['-qfec', `exec ${line}`, '/dev/null'], {
    cwd: folder,
    env: { PATH, HOME: folder, SHELL: '/bin/sh', TERM: 'xterm', ...environment },
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output += part
  })
  return {
    process: child,
    output: () => output,
    seen: async (text) => {
      while (!output.includes(text)) await once(child.stdout, 'data', { signal: AbortSignal.timeout(20_000) })
    },
    type: (keys) => void child.stdin.write(keys),
  }
}

test.skipIf(!hasScript)('in a terminal the server welcomes, then shows requests as short lines', async () => {
  using folder = makeFolder()
  const port = await freePort()
  const terminal = openTerminal(['serve'], folder.path, { COUNTERFOIL_LISTEN: `127.0.0.1:${port}` })
  await terminal.seen('Ctrl-C stops it.')
  expect(terminal.output()).toMatch(/Counterfoil \d+\.\d+\.\d+ is ready\./)
  expect(terminal.output()).toContain(`curl http://localhost:${port}/sessions`)
  terminal.type('\u0003')
  await terminal.seen('stopped')
  expect(terminal.output()).toMatch(/\d\d:\d\d:\d\d info {2}stopped/)
  expect(terminal.output()).not.toContain('{"level"')
  if (terminal.process.exitCode === null) await once(terminal.process, 'close')
})

test.skipIf(!hasScript)('the password of a new account is asked for twice, and not shown', async () => {
  using folder = makeFolder()
  const server = await startServer({ folder: folder.path })
  const terminal = openTerminal(['accounts', 'add', 'ada@example.com'], folder.path, {})
  await terminal.seen('Password: ')
  terminal.type(`${PASSWORD}\r`)
  await terminal.seen('Once more: ')
  terminal.type(`${PASSWORD}\r`)
  await terminal.seen('added ada@example.com')
  expect(terminal.output()).not.toContain('kites')
  expect((await signIn({ url: server.url, email: 'ada@example.com' }, 'hybrid')).status).toBeLessThan(300)
  await server.stop()
})

test.skipIf(!hasScript)('two passwords that differ add nothing', async () => {
  using folder = makeFolder()
  const terminal = openTerminal(['accounts', 'add', 'ada@example.com'], folder.path, {})
  await terminal.seen('Password: ')
  terminal.type(`${PASSWORD}\r`)
  await terminal.seen('Once more: ')
  terminal.type('another\r')
  await terminal.seen('counterfoil: the two passwords differ: start again')
  if (terminal.process.exitCode === null) await once(terminal.process, 'close')
  expect(terminal.process.exitCode).toBe(1)
})
