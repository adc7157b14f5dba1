import type { FastifyRequest } from 'fastify'
import type { App } from '../routes/app.ts'
import { FORMS } from './account.ts'
import { ACTIONS } from './devices.ts'
import { sendFaultPage } from './fault-page.ts'
import { leadTo, PAGE_ROUTE, PATHS, type PagePath, type Site } from './site.ts'

/** What people come to who type an address, cut one short, or reload where a form went. */
const BYWAYS: readonly (readonly [string, PagePath])[] = [
  ['/my', PATHS.devices],
  ['/my/', PATHS.devices],
  [PATHS.signOut, PATHS.signedOut],
  ...Object.values(ACTIONS).map((path) => [path, PATHS.devices] as const),
  ...FORMS.map((form) => [`${PATHS.account}/${form}`, PATHS.account] as const),
  ...Object.values(PATHS).flatMap((path) => (path === PATHS.home ? [] : [[`${path}/`, path] as const])),
]

/** Below these, whoever asks for a page is answered with one. */
const ROOTS = ['/my', PATHS.signIn, PATHS.signUp, PATHS.signOut, PATHS.signedIn, PATHS.signedOut]

/** Leads from addresses that are no pages to those that are. */
export function addByways(app: App, site: Site): void {
  for (const [from, to] of BYWAYS)
    app.get(from, PAGE_ROUTE, ({ url }, reply) => {
      const at = url.indexOf('?')
      return leadTo(reply, site.base + to + (at < 0 ? '' : url.slice(at)))
    })
}

/** Where nobody may make an account, the page for it says so. */
export function addClosedSignUp(app: App, site: Site): void {
  app.route({
    ...PAGE_ROUTE,
    method: ['GET', 'POST'],
    url: PATHS.signUp,
    handler: (request, reply) => sendFaultPage(site, request, reply, { code: 'sign_up_closed' }),
  })
}

/** Whether a path that is none is among the pages, and somebody reads what comes back. */
export function isByway({ url, headers: { accept } }: FastifyRequest): boolean {
  const [path = ''] = url.split('?', 1)
  const isOurs = ROOTS.some((root) => path === root || path.startsWith(`${root}/`))
  return isOurs && accept?.includes('text/html') === true
}
