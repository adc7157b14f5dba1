import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { SESSION_COOKIE } from '@counterfoil/protocol'
import { TcpProxy } from '@counterfoil/testbed'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { makeFolder, until } from '../harness.ts'
import { answerTo, ask, open, type Answered } from './ask.ts'
import { DIGESTS, digestOf, writePieces } from './bulk.ts'
import { GatewayProcess, routeText, type GatewayPlan } from './gateway-process.ts'
import { Issuer } from './issuer.ts'
import { Service } from './service.ts'

const folder = makeFolder()
let issuer: Issuer
let service: Service
let sockets: WebSocketServer
let toIssuer: TcpProxy
let gateway: GatewayProcess
let download: ServerResponse | undefined

beforeAll(async () => {
  service = await Service.start((request, response) => {
    if (request.url !== '/gone/download') return void response.end('served')
    download = response.writeHead(200)
    download.flushHeaders()
  })
  sockets = new WebSocketServer({ server: service.server })
  sockets.on('connection', (socket) => socket.on('message', (data: Buffer) => socket.send(data)))
  issuer = await Issuer.start(folder.path)
  toIssuer = await TcpProxy.open(issuer.server.port)
})

beforeEach(async () => {
  gateway = await GatewayProcess.start(plan('/stay', '/gone'))
})

afterEach(async () => {
  await gateway[Symbol.asyncDispose]()
})

afterAll(async () => {
  await toIssuer.close()
  await issuer[Symbol.asyncDispose]()
  sockets.close()
  await service[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

/** A gateway with these routes; `/gone` has connections of its own, which nobody needs when it is dropped. */
function plan(...paths: readonly string[]): GatewayPlan {
  const hostOf = (path: string): string => (path === '/gone' ? 'localhost' : '127.0.0.1')
  const tables = paths.map((path) => routeText(path, [`http://${hostOf(path)}:${service.port}`])).join('\n')
  const settings = `issuer_address = "http://127.0.0.1:${toIssuer.port}"`
  return { folder: folder.path, issuer: issuer.url, settings, tables }
}

const signedIn = () => ({ authorization: issuer.authorization })
const call = (path: string): Promise<Answered> => ask(gateway.url + path, { headers: signedIn() })

/** Calls a path again and again, several at a time, until it is told to stop; the statuses that came. */
function keepCalling(path: string): { stop(): Promise<ReadonlySet<number>> } {
  const statuses = new Set<number>()
  const over = new AbortController()
  const work = async (): Promise<void> => {
    while (!over.signal.aborted) statuses.add((await call(path)).status)
  }
  const working = Promise.all(Array.from({ length: 4 }, work))
  return {
    stop: async () => {
      over.abort()
      await working
      return statuses
    },
  }
}

describe('a configuration that is read again', () => {
  test('counts from the next request on, and nothing that is under way is disturbed', async () => {
    const calling = keepCalling('/stay')
    const asked = open(`${gateway.url}/gone/download`, { headers: signedIn() })
    asked.end()
    const digest = answerTo(asked).then(digestOf)
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/gone/socket`, { headers: signedIn() })
    await once(socket, 'open')
    const begun = await until(() => Promise.resolve(download))
    expect(await call('/gone')).toMatchObject({ status: 200 })
    expect(await call('/new')).toMatchObject({ status: 404 })
    for (let turn = 0; turn < 5; turn++) {
      expect(await gateway.reload(plan('/stay', '/new'))).toContain('was read again')
      expect(await call('/gone')).toMatchObject({ status: 404 })
      expect(await call('/new')).toMatchObject({ status: 200, text: 'served' })
      expect(await gateway.reload(plan('/stay', '/gone'))).toContain('was read again')
      expect(await call('/gone')).toMatchObject({ status: 200, text: 'served' })
    }
    await gateway.reload(plan('/stay', '/new'))
    expect(await calling.stop()).toEqual(new Set([200]))
    await writePieces(begun, 1)
    expect(await digest).toBe(DIGESTS[1])
    socket.send('still there')
    expect(String((await once(socket, 'message'))[0])).toBe('still there')
    socket.terminate()
  })

  test('lets a request through that waits for its decision, though its route is dropped meanwhile', async () => {
    const { bearer } = await issuer.signIn('stateful')
    toIssuer.set('black-hole')
    const waiting = ask(`${gateway.url}/gone`, { headers: { cookie: `${SESSION_COOKIE}=${bearer}` } })
    try {
      await until(async () => ((await gateway.openRequests()) === 1 ? true : undefined))
      await gateway.reload(plan('/stay'))
    } finally {
      toIssuer.set('open')
    }
    expect(await waiting).toMatchObject({ status: 200, text: 'served' })
    expect(await call('/gone')).toMatchObject({ status: 404 })
  })

  test.each([
    { what: 'an unknown setting', tables: 'lissten = "x"', names: /lissten is not a setting/ },
    { what: 'no routes', tables: '', names: /routes is missing/ },
    {
      what: 'two routes for the same requests',
      tables: `${routeText('/stay', ['http://127.0.0.1:9'])}${routeText('/stay', ['http://127.0.0.1:9']).replace('"stay"', '"twin"')}`,
      names: /stay.*twin/,
    },
    { what: 'an upstream that is none', tables: routeText('/stay', ['ftp://127.0.0.1:9']), names: /upstreams/ },
    {
      what: 'a route for an audience that the verifier does not know',
      tables: routeText('/stay', ['http://127.0.0.1:9'], 'audience = "https://elsewhere.example"'),
      names: /audience/,
    },
    {
      what: 'a certificate that is not there',
      tables: `[tls]\ncertificate = "none.pem"\nkey = "none.pem"\n${routeText('/stay', ['http://127.0.0.1:9'])}`,
      names: /tls\.certificate/,
    },
  ])('with $what is refused in one line that names it, and all stays as it was', async ({ tables, names }) => {
    const linesBefore = gateway.process.output.split('\n').length
    const line = await gateway.reload({ ...plan(), tables })
    expect(line).toMatch(names)
    expect(JSON.parse(line)).toMatchObject({ level: 50, msg: 'the configuration stays as it was' })
    expect(await call('/stay')).toMatchObject({ status: 200, text: 'served' })
    expect(await call('/gone')).toMatchObject({ status: 200, text: 'served' })
    expect(gateway.process.output.split('\n').length - linesBefore).toBe(1)
  })
})
