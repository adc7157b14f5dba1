/** What the service behind every gateway answers: a small JSON document. */
export const ANSWER = JSON.stringify({
  order: 7,
  account: 'ada',
  lines: [{ article: 'brass compass', count: 2, price: '18.50' }],
  state: 'shipped',
})

/** A path that ends so is answered with what of the request tells who sent it. */
export const SEEN = '/seen'

/** What a service learns about the caller. */
export interface Seen {
  readonly account: string | null
  readonly authorization: string | null
  readonly cookie: string | null
}
