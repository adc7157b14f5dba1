import type { FastifyReply, FastifyRequest } from 'fastify'
import { clearCookie, setCookie, type CookieShape } from '../http/cookies.ts'
import { readCookie } from '../http/credentials.ts'
import { html, type Html } from './html.ts'
import type { View } from './site.ts'
import type { Words } from './words.ts'

/** What a form has done, as the page after it tells: in a notice, or as a page of its own. */
export type Done = keyof Words['done'] | 'everything' | 'deleted'

/** A cookie and not the address: no link of anybody can make a page say that something was done. */
const DONE: CookieShape = { name: '__Host-done', path: '/', sameSite: 'Strict' }

/** Longer than a redirect takes, and too short to be told of something old. */
const LIFE_MS = 60_000

/** Lets the next page tell what has been done, once. With what has ended, until when somebody may still accept it. */
export function tellDone(reply: FastifyReply, done: Done, expiredAt?: number): void {
  reply.header('set-cookie', setCookie(DONE, expiredAt === undefined ? done : `${done}.${expiredAt}`, LIFE_MS))
}

/** What the form before this page has done; the next page is not told again. */
export function takeDone(
  request: FastifyRequest,
  reply: FastifyReply,
): { readonly name: string; readonly expiredAt: number } | undefined {
  const told = readCookie(request.headers.cookie, DONE.name)
  if (told === undefined) return undefined
  reply.header('set-cookie', clearCookie(DONE))
  const [name = '', expiredAt = ''] = told.split('.')
  return { name, expiredAt: Number(expiredAt) }
}

/** The same in a notice, where the focus goes when the page opens: so it is read out. */
export function noticeOfDone({ words }: View, request: FastifyRequest, reply: FastifyReply): Html | undefined {
  const done = takeDone(request, reply)
  if (done === undefined || !Object.hasOwn(words.done, done.name)) return undefined
  const text = words.done[done.name as keyof Words['done']]
  return html`<p class="notice good" role="status" tabindex="-1" autofocus>${text}</p>`
}
