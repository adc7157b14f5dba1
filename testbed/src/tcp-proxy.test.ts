import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findFreePorts } from './free-port.ts'
import { TcpProxy } from './tcp-proxy.ts'

const echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket))
let port: number

beforeAll(async () => {
  port = (await findFreePorts(1))[0] ?? 0
  echo.listen(port, '127.0.0.1')
  await once(echo, 'listening')
})

afterAll(() => {
  echo.close()
})

async function dial(proxy: TcpProxy): Promise<Socket> {
  const socket = connect(proxy.port, '127.0.0.1').setEncoding('utf8')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

async function echoed(socket: Socket, text: string): Promise<unknown> {
  const heard = once(socket, 'data')
  socket.write(text)
  return (await heard)[0]
}

it('passes both ways while it is open', async () => {
  const proxy = await TcpProxy.open(port)
  const socket = await dial(proxy)
  expect(await echoed(socket, 'one')).toBe('one')
  await proxy.close()
})

it('a cut ends what is connected and what connects, and is over when it opens', async () => {
  const proxy = await TcpProxy.open(port)
  const before = await dial(proxy)
  expect(await echoed(before, 'one')).toBe('one')
  const ended = once(before, 'close')
  proxy.set('cut')
  await ended
  const during = connect(proxy.port, '127.0.0.1').on('error', () => undefined)
  await once(during, 'close')
  proxy.set('open')
  expect(await echoed(await dial(proxy), 'two')).toBe('two')
  await proxy.close()
})

it('a black hole takes everything, and passes it on no earlier than it opens', async () => {
  const proxy = await TcpProxy.open(port)
  const [hidden, open] = [await dial(proxy), await TcpProxy.open(port)]
  expect(await echoed(hidden, 'one')).toBe('one')
  proxy.set('black-hole')
  let heard = ''
  hidden.on('data', (text: string) => (heard += text))
  hidden.write('two')
  const late = await dial(proxy)
  late.write('three')
  const other = await dial(open)
  // As many rounds on an open way are time enough for what would come through.
  for (let round = 0; round < 50; round++) await echoed(other, 'round')
  expect(heard).toBe('')
  const answers = Promise.all([once(hidden, 'data'), once(late, 'data')])
  proxy.set('open')
  expect((await answers).map(([text]: unknown[]) => text)).toEqual(['two', 'three'])
  await proxy.close()
  await open.close()
})
