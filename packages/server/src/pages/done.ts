import type { FastifyRequest } from 'fastify'
import { html, type Html } from './html.ts'
import { readFields, type View } from './site.ts'
import type { Words } from './words.ts'

/** Says what the form before this page has done. The address only names it; the words are ours. */
export function noticeOfDone({ words }: View, { query }: Pick<FastifyRequest, 'query'>): Html | undefined {
  const { done = '' } = readFields(query)
  if (!Object.hasOwn(words.done, done)) return undefined
  return html`<p class="notice good" role="status">${words.done[done as keyof Words['done']]}</p>`
}
