import { EMAIL, ISSUER, openServer, PASSWORD, signUp, type TestServer } from '../server.fixture.ts'

/** An answer as a browser gets it. */
export interface PageAnswer {
  readonly status: number
  readonly location: string | undefined
  readonly headers: Readonly<Record<string, unknown>>
  readonly setCookies: readonly string[]
  readonly text: string
}

/** What a test asks for: a page, or with `form` a form that is sent to it. */
export interface Visit {
  readonly form?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** Default English. */
  readonly language?: string
}

/** A browser as far as pages need one: it keeps cookies, and says where a form comes from. */
export class Browser {
  readonly #test: TestServer
  readonly cookies = new Map<string, string>()

  constructor(test: TestServer) {
    this.#test = test
  }

  async visit(url: string, { form, headers = {}, language = 'en' }: Visit = {}): Promise<PageAnswer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const sent: Readonly<Record<string, string | undefined>> = {
      'accept-language': language,
      ...(cookie !== '' && { cookie }),
      ...(form !== undefined && {
        'content-type': 'application/x-www-form-urlencoded',
        origin: ISSUER,
        'sec-fetch-site': 'same-origin',
      }),
      ...headers,
    }
    const response = await this.#test.server.inject({
      method: form === undefined ? 'GET' : 'POST',
      url,
      headers: Object.fromEntries(
        Object.entries(sent).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
      ),
      remoteAddress: '192.0.2.1',
      ...(form !== undefined && { payload: new URLSearchParams(form).toString() }),
    })
    const given = response.headers['set-cookie'] ?? []
    const setCookies = typeof given === 'string' ? [given] : given
    for (const line of setCookies) this.#keep(line)
    const location = response.headers['location']
    return { status: response.statusCode, location, headers: response.headers, setCookies, text: response.body }
  }

  #keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (line.includes('Max-Age=0;')) this.cookies.delete(name)
    else this.cookies.set(name, value)
  }

  /** Goes on from an answer for as long as this server leads elsewhere within itself: where that ends. */
  async follow(answer: PageAnswer): Promise<PageAnswer & { readonly url: string }> {
    let [url, last] = ['', answer]
    while (last.location?.startsWith('/') === true) {
      url = last.location
      last = await this.visit(url)
    }
    return { ...last, url }
  }

  /** Signs Ada in on the page for it. */
  async signIn(form: Readonly<Record<string, string>> = {}): Promise<PageAnswer> {
    return this.visit('/sign-in', { form: { email: EMAIL, password: PASSWORD, ...form } })
  }
}

/** A server with Ada's account. */
export async function openPages(options: Parameters<typeof openServer>[0] = {}): Promise<TestServer> {
  const test = await openServer(options)
  if (options.signUp !== 'closed') await signUp(test)
  return test
}

/** What people read of a page: its text without markup, in one line. */
export function readText(markup: string): string {
  return markup.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
}
