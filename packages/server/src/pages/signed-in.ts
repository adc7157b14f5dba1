import { SESSION_COOKIE } from '@counterfoil/protocol'
import type { FastifyReply } from 'fastify'
import { readCookie } from '../http/credentials.ts'
import type { App } from '../routes/app.ts'
import { html } from './html.ts'
import { hrefOf, keptOf, sendPage } from './layout.ts'
import { locationOf } from './return-to.ts'
import { findReader, leadTo, PAGE_ROUTE, PATHS, viewOf, type Site, type View } from './site.ts'

/** Leads to the page that says whether the cookie was kept, and on from there to where somebody wanted to go. */
export function leadToSignedIn(reply: FastifyReply, view: View): undefined {
  const { returnTo, site } = view
  const query = returnTo === undefined ? {} : { return_to: locationOf(returnTo, site.context.origin) }
  return leadTo(reply, hrefOf(view, PATHS.signedIn, query))
}

/** Where somebody who is signed in goes on. */
export function wayOn(view: View): string {
  const { returnTo, site } = view
  return returnTo === undefined ? hrefOf(view, PATHS.devices) : locationOf(returnTo, site.context.origin)
}

/** Ours lead nowhere else, so that a redirect to one keeps to `form-action`; what any other address answers, nobody knows here. */
function isPage({ base }: Site, location: string): boolean {
  const [path = ''] = location.split(/[?#]/, 1)
  return Object.values(PATHS).some((page) => base + page === path)
}

function showNoCookie(reply: FastifyReply, view: View): undefined {
  const { words } = view
  reply.code(400)
  return sendPage(reply, view, {
    title: words.noCookie,
    isProblem: true,
    main: html`<div class="card">
      <p>${words.noCookieText}</p>
      <p>${words.noCookieSafari}</p>
      <a class="main" href="${hrefOf(view, PATHS.signIn, keptOf(view))}">${words.tryAgain}</a>
    </div>`,
  })
}

/**
 * The page between a form and where it leads. Browsers hold the whole chain of redirects after a form to its `form-action`; here the chain ends, so that an
 * application may lead on to wherever it likes.
 */
export function addSignedInPage(app: App, site: Site): void {
  app.get(PATHS.signedIn, PAGE_ROUTE, async (request, reply) => {
    const view = viewOf(site, request, PATHS.signedIn)
    const { words } = view
    if (readCookie(request.headers.cookie, SESSION_COOKIE) === undefined) return showNoCookie(reply, view)
    if ((await findReader(site, request)) === undefined) return leadTo(reply, hrefOf(view, PATHS.signIn, keptOf(view)))
    const onwards = wayOn(view)
    if (isPage(site, onwards)) return leadTo(reply, onwards)
    return sendPage(reply, view, {
      title: words.signedIn,
      lead: words.signedInLead(new URL(onwards, site.context.origin).host),
      onwards,
      main: html`<div class="card"><a class="main" href="${onwards}">${words.goOn}</a></div>`,
    })
  })
}
