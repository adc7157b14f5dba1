import { once } from 'node:events'
import { connect } from 'node:net'

/** What a server answers to one command: RESP 2 without its framing. */
export type RedisReply = string | number | null | readonly RedisReply[]

/** A reply, and where the next one begins; undefined while some of it has yet to arrive. */
type Parsed = { readonly reply: RedisReply; readonly end: number } | undefined

/**
 * Sends one command over a connection of its own, so that a harness needs no driver. @throws {Error} when the server cannot be
 * reached, answers with an error, or says nothing for 5 s.
 */
export async function callRedis(port: number, ...words: readonly string[]): Promise<RedisReply> {
  const socket = connect({ port, host: '127.0.0.1' }).setTimeout(5_000)
  socket.on('timeout', () => socket.destroy(new Error(`${words[0]} was not answered within 5 s`)))
  try {
    await once(socket, 'connect')
    socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`)
    let received = Buffer.alloc(0)
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk])
      const parsed = parse(received, 0)
      if (parsed !== undefined) return parsed.reply
    }
    throw new Error(`the server hung up on ${words[0]}`)
  } finally {
    socket.destroy()
  }
}

function parse(bytes: Buffer, start: number): Parsed {
  const lineEnd = bytes.indexOf('\r\n', start)
  if (lineEnd < 0) return undefined
  const line = bytes.toString('utf8', start + 1, lineEnd)
  const next = lineEnd + 2
  switch (String.fromCharCode(bytes[start] ?? 0)) {
    case '+':
      return { reply: line, end: next }
    case ':':
      return { reply: Number(line), end: next }
    case '$':
      return parseBulk(bytes, next, Number(line))
    case '*':
      return parseList(bytes, next, Number(line))
    default:
      throw new Error(line)
  }
}

function parseBulk(bytes: Buffer, start: number, length: number): Parsed {
  if (length < 0) return { reply: null, end: start }
  const end = start + length
  return bytes.length < end + 2 ? undefined : { reply: bytes.toString('utf8', start, end), end: end + 2 }
}

function parseList(bytes: Buffer, start: number, length: number): Parsed {
  if (length < 0) return { reply: null, end: start }
  const replies: RedisReply[] = []
  let end = start
  for (let at = 0; at < length; at++) {
    const parsed = parse(bytes, end)
    if (parsed === undefined) return undefined
    replies.push(parsed.reply)
    end = parsed.end
  }
  return { reply: replies, end }
}
