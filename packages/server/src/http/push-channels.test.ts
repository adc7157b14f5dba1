import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createMemoryStores, drawId, RevocationFeed, systemClock, systemRandom, systemTimer } from '@counterfoil/core'
import { readPush, type LogHead, type NewRevocation, type Push } from '@counterfoil/protocol'
import { PushChannels } from './push-channels.ts'

const { log } = createMemoryStores()
let feed: RevocationFeed
let channels: PushChannels
let server: Server
let from: LogHead

beforeEach(async () => {
  feed = await RevocationFeed.open({
    log,
    clock: systemClock,
    timer: systemTimer,
    leaseMs: 5000,
    longestAcceptanceMs: () => Promise.resolve(300_000),
  })
  channels = new PushChannels(feed)
  from = await log.head()
  server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    channels.open(response, from)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterEach(async () => {
  channels.close()
  feed.close()
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
})

const records = (count: number): NewRevocation[] =>
  Array.from({ length: count }, () => ({ kind: 'session', sessionId: drawId(systemRandom), at: 0 }))

async function open(): Promise<IncomingMessage> {
  const [response] = (await once(get({ port: (server.address() as AddressInfo).port }), 'response')) as [
    IncomingMessage,
  ]
  return response
}

/** Pushes until the last one reaches this place in the log. */
async function readUpTo(response: IncomingMessage, position: number): Promise<Push[]> {
  const pushes: Push[] = []
  let text = ''
  for await (const chunk of response) {
    text += String(chunk)
    const events = text.split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) {
      const push = readPush(JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? 'null'))
      if (push !== undefined) pushes.push(push)
    }
    if (pushes.at(-1)?.head.position === position) break
  }
  return pushes
}

describe('a push channel', () => {
  it('begins where it is asked to, and goes on without a gap, whatever is appended meanwhile', async () => {
    await log.append(records(3))
    const response = await open()
    for (let round = 0; round < 20; round++) await log.append(records(5))
    const pushes = await readUpTo(response, from.position + 103)
    expect(pushes[0]?.after).toBe(from.position)
    for (const [number, push] of pushes.entries())
      if (number > 0) expect(push.after).toBe(pushes[number - 1]?.head.position)
  })

  it('joins what is appended in one turn into one write for everybody', async () => {
    const responses = await Promise.all([open(), open(), open()])
    await Promise.all(Array.from({ length: 50 }, () => log.append(records(1))))
    const all = await Promise.all(responses.map((response) => readUpTo(response, from.position + 50)))
    for (const pushes of all) expect(pushes.length).toBeLessThan(10)
  })

  it('of a reader that does not read is cut off, and all others go on', async () => {
    const slow = await open()
    slow.pause()
    const quick = await open()
    const reading = readUpTo(quick, from.position + 120_000)
    for (let round = 0; round < 24; round++) {
      await log.append(records(5000))
      await new Promise(setImmediate)
    }
    await reading
    expect(channels.figures()).toMatchObject({ cutOff: 1 })
    slow.destroy()
  })

  it('is told to begin anew when its place cannot be served', async () => {
    from = { ...from, incarnation: 'another' }
    const response = await open()
    let text = ''
    for await (const chunk of response) text += String(chunk)
    expect(text).toContain('event: resync\n')
  })
})
