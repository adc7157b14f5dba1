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

it.each(['deaf', 'mute'] as const)('one that is %s passes one direction only', async (passage) => {
  const heard: string[] = []
  const greeter = createServer((socket) => {
    socket.setEncoding('utf8').on('data', (text: string) => heard.push(text))
    socket.on('error', () => undefined)
    greet = () => void socket.write('hello')
  })
  let greet = (): void => undefined
  const [greeterPort = 0] = await findFreePorts(1)
  greeter.listen(greeterPort, '127.0.0.1')
  const connected = once(greeter, 'connection')
  const proxy = await TcpProxy.open(greeterPort)
  const socket = await dial(proxy)
  await connected
  proxy.set(passage)
  const answers: string[] = []
  socket.on('data', (text: string) => answers.push(text))
  const got = passage === 'deaf' ? once(socket, 'data') : undefined
  socket.write('good day')
  greet()
  if (passage === 'deaf') await got
  else while (heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  expect({ heard, answers }).toEqual(
    passage === 'deaf' ? { heard: [], answers: ['hello'] } : { heard: ['good day'], answers: [] },
  )
  await proxy.close()
  greeter.close()
})

it('a stranded connection is silent for good, and a new one passes', async () => {
  const proxy = await TcpProxy.open(port)
  const stranded = await dial(proxy)
  expect(await echoed(stranded, 'one')).toBe('one')
  proxy.strand()
  let heard = ''
  let isClosed = false
  stranded.on('data', (text: string) => (heard += text)).on('close', () => (isClosed = true))
  stranded.write('two')
  const fresh = await dial(proxy)
  for (let round = 0; round < 50; round++) await echoed(fresh, 'round')
  proxy.set('open')
  for (let round = 0; round < 50; round++) await echoed(fresh, 'round')
  expect({ heard, isClosed }).toEqual({ heard: '', isClosed: false })
  await proxy.close()
})

it('a delay holds everything back for so long, in order', async () => {
  const proxy = await TcpProxy.open(port)
  const socket = await dial(proxy)
  proxy.delay(30)
  const startedAt = performance.now()
  let heard = ''
  socket.on('data', (text: string) => (heard += text))
  for (const text of ['a', 'b', 'c']) {
    socket.write(text)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  proxy.delay(0)
  socket.write('d')
  while (heard.length < 4) await once(socket, 'data')
  expect(heard).toBe('abcd')
  expect(performance.now() - startedAt).toBeGreaterThan(28)
  await proxy.close()
})

it('a throttled connection takes its time, by the size of what it passes', async () => {
  const proxy = await TcpProxy.open(port)
  const socket = await dial(proxy)
  proxy.throttle(100_000)
  const startedAt = performance.now()
  let heard = ''
  socket.on('data', (text: string) => (heard += text))
  socket.write('x'.repeat(10_000))
  while (heard.length < 10_000) await once(socket, 'data')
  expect(performance.now() - startedAt).toBeGreaterThan(95)
  await proxy.close()
})

it('several targets get the connections in turn', async () => {
  const named = await Promise.all(
    ['one', 'two'].map(async (name) => {
      const server = createServer((socket) => void socket.on('error', () => undefined).end(name))
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  const ports = named.map((server) => {
    const address = server.address()
    return typeof address === 'object' ? (address?.port ?? 0) : 0
  })
  const proxy = await TcpProxy.open(...ports)
  const heard: unknown[] = []
  for (let round = 0; round < 4; round++) heard.push((await once(await dial(proxy), 'data'))[0])
  expect(heard).toEqual(['one', 'two', 'one', 'two'])
  await proxy.close()
  for (const server of named) server.close()
})
