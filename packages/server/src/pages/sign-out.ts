import { originOf } from '../http/origin.ts'
import type { App } from '../routes/app.ts'
import { html } from './html.ts'
import { hrefOf, sendPage } from './layout.ts'
import { dropSession } from './sign-in.ts'
import { findReader, leadTo, PAGE_ROUTE, PATHS, viewOf, type Site } from './site.ts'

/** Signing out, the page after it, and the way in at the root. */
export function addSignOutPages(app: App, site: Site): void {
  const { auth, trusts } = site.context
  app.get(PATHS.home, PAGE_ROUTE, (_request, reply) => leadTo(reply, site.base + PATHS.devices))
  app.post(PATHS.signOut, PAGE_ROUTE, async (request, reply) => {
    const caller = await findReader(site, request)
    if (caller !== undefined) await auth.endSession(caller, caller.session.id, originOf(request.raw, trusts))
    dropSession(site, reply)
    return leadTo(reply, site.base + PATHS.signedOut)
  })
  app.get(PATHS.signedOut, PAGE_ROUTE, (request, reply) => {
    const view = viewOf(site, request, PATHS.signedOut)
    const { words } = view
    return sendPage(reply, view, {
      title: words.signedOut,
      main: html`<div class="card">
        <p>${words.signedOutText}</p>
        <a class="main" href="${hrefOf(view, PATHS.signIn)}">${words.signInAgain}</a>
      </div>`,
    })
  })
}
