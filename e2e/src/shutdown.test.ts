import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { ROUTES } from '@counterfoil/protocol'
import { expect, test } from 'vitest'
import { PASSWORD, send, signIn, signUp } from './client.ts'
import { COMMAND, freePort, makeFolder, startServer, until } from './harness.ts'

/** Begins a sign-up, and keeps the rest of its body back. */
async function beginSlowly(port: number, email: string): Promise<{ socket: Socket; finish(): Promise<string> }> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const body = JSON.stringify({ email, password: PASSWORD })
  const head = [
    `POST ${ROUTES.accounts} HTTP/1.1`,
    `Host: localhost:${port}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Expect: 100-continue',
  ]
  let text = ''
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  // The server has begun with the request when it asks for the body.
  await once(socket, 'data')
  expect(text).toMatch(/^HTTP\/1\.1 100 /)
  socket.write(body.slice(0, 10))
  const finish = async (): Promise<string> => {
    socket.write(body.slice(10))
    await once(socket, 'close')
    return text.slice(text.indexOf('HTTP/1.1', 10))
  }
  return { socket, finish }
}

test('on SIGTERM a request in flight is answered, new ones are not taken, and the exit code is 0', async () => {
  using folder = makeFolder()
  const server = await startServer({ folder: folder.path })
  const request = await beginSlowly(server.port, 'ada@example.com')
  const before = performance.now()
  const stopped = server.stop('SIGTERM')
  await server.seen('stopping: requests in flight finish first')
  const refused = send(server.url, ROUTES.healthz).then(
    ({ status }) => status,
    () => 'no connection',
  )
  expect([503, 'no connection']).toContain(await refused)
  expect(await request.finish()).toMatch(/^HTTP\/1\.1 201 /)
  expect(await stopped).toBe(0)
  expect(server.output()).toContain('"msg":"stopped"')
  // The connection was free to be kept alive, and that is nothing to wait for.
  expect(performance.now() - before).toBeLessThan(5000)

  const again = await startServer({ folder: folder.path })
  expect((await signIn({ url: again.url, email: 'ada@example.com' }, 'hybrid')).status).toBeLessThan(300)
  await again.stop()
})

test('on SIGINT an idle server stops at once, also with a connection kept alive', async () => {
  using folder = makeFolder()
  const server = await startServer({ folder: folder.path })
  expect((await signUp({ url: server.url, email: 'ada@example.com' })).status).toBe(201)
  const before = performance.now()
  expect(await server.stop('SIGINT')).toBe(0)
  expect(performance.now() - before).toBeLessThan(5000)
})

test('a second signal ends the process at once', async () => {
  using folder = makeFolder()
  const server = await startServer({ folder: folder.path })
  const { socket } = await beginSlowly(server.port, 'ada@example.com')
  const stopped = server.stop('SIGTERM')
  await server.seen('stopping: requests in flight finish first')
  server.process.kill('SIGTERM')
  expect(await stopped).toBe(143)
  socket.destroy()
})

test.skipIf(process.platform === 'win32')(
  'under npm, a signal that ends only its shell stops the server too',
  async () => {
    using folder = makeFolder()
    const shell = spawn('sh', ['-c', `'${process.execPath}' '${COMMAND}' serve; true`], {
      cwd: folder.path,
      env: { npm_lifecycle_event: 'start', COUNTERFOIL_LISTEN: `127.0.0.1:${await freePort()}` },
    })
    let output = ''
    shell.stdout.setEncoding('utf8').on('data', (part: string) => {
      output += part
    })
    await until(() => Promise.resolve(output.includes('Counterfoil is ready') || undefined))
    shell.kill('SIGTERM')
    await once(shell, 'exit')
    // The server has the other end of the pipe: it closes when the server is gone.
    await once(shell, 'close', { signal: AbortSignal.timeout(10_000) })
    expect(output).toContain('"msg":"stopped"')
  },
)
