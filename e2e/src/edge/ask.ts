import { once } from 'node:events'
import { request, type Agent, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'

/** What to send. */
export interface Question {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly agent?: Agent
}

/** What came back, as a whole. */
export interface Answered {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
  /** From sending to the end of the answer. */
  readonly ms: number
}

/** Begins a request, on a connection of its own where no agent is given; the caller writes its body, and ends it. */
export function open(url: string, { method = 'GET', headers = {}, agent }: Question = {}): ClientRequest {
  return request(url, { method, headers, agent: agent ?? false })
}

/** Resolves when the answer to a request begins. Rejects when the connection breaks before. */
export async function answerTo(asked: ClientRequest): Promise<IncomingMessage> {
  // Having an answer, whoever still sends may see the connection break.
  asked.on('error', () => undefined)
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return response
}

/** Sends a request, and resolves with the whole answer. Rejects when it breaks off. */
export async function ask(url: string, question: Question = {}, body?: string | Buffer): Promise<Answered> {
  const sentAt = performance.now()
  const asked = open(url, question)
  asked.end(body)
  const response = await answerTo(asked)
  const text = await readText(response)
  return { status: response.statusCode ?? 0, headers: response.headers, text, ms: performance.now() - sentAt }
}

/** The rest of an answer. Rejects when it breaks off. */
export async function readText(response: IncomingMessage): Promise<string> {
  let text = ''
  response.setEncoding('utf8')
  for await (const part of response) text += String(part)
  return text
}

/** The `code` of an answer of the gateway's own. */
export function codeIn({ headers, text }: Answered): unknown {
  if (headers['content-type'] !== 'application/problem+json') return undefined
  return (JSON.parse(text) as { readonly code?: unknown }).code
}
