import { once } from 'node:events'
import { connect } from 'node:net'
import { ROUTES } from '@counterfoil/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { begin, refresh, textIn } from './client.ts'
import { makeFolder, QUICK, startServer, type RunningServer } from './harness.ts'

const folder = makeFolder()
let server: RunningServer

beforeAll(async () => {
  server = await startServer({ folder: folder.path, environment: QUICK })
})
afterAll(async () => {
  await server.stop('SIGKILL')
  folder[Symbol.dispose]()
})

/** Sends a refresh, and hangs up before there is an answer. */
async function refreshAndHangUp(token: string): Promise<void> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: 'hybrid',
    refresh_token: token,
  }).toString()
  const head = [
    `POST ${ROUTES.token} HTTP/1.1`,
    `Host: localhost:${server.port}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
  ]
  const socket = connect(server.port, '127.0.0.1')
  await once(socket, 'connect')
  await new Promise((resolve) => socket.write(`${head.join('\r\n')}\r\n\r\n${body}`, resolve))
  socket.destroy()
  await once(socket, 'close')
}

it.each([0, 1, 2])(
  'a refresh that was given up while the server was stopped signs nobody out when the server goes on (token %i of three)',
  async (which) => {
    const held = await begin({ url: server.url, email: `user-${which}@example.com` }, 'hybrid')
    const tokens = [held.refreshToken ?? '']
    for (let turn = 0; turn < 2; turn++)
      tokens.push(textIn(await refresh(server.url, tokens.at(-1), 'hybrid'), 'refresh_token') ?? '')
    server.process.kill('SIGSTOP')
    for (let tab = 0; tab < 3; tab++) await refreshAndHangUp(tokens[which] ?? '')
    server.process.kill('SIGCONT')
    const next = await refresh(server.url, tokens.at(-1), 'hybrid')
    expect([next.status, textIn(next, 'error')]).toEqual([200, undefined])
    const again = await refresh(server.url, textIn(next, 'refresh_token'), 'hybrid')
    expect([again.status, textIn(again, 'error')]).toEqual([200, undefined])
  },
)
