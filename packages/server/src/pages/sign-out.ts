import type { FastifyReply } from 'fastify'
import { originOf } from '../http/origin.ts'
import type { App } from '../routes/app.ts'
import { takeDone } from './done.ts'
import { formOf } from './forms.ts'
import { html, type Html } from './html.ts'
import { hrefOf, sendPage } from './layout.ts'
import { dropSession } from './session.ts'
import { findReader, leadTo, PAGE_ROUTE, PATHS, viewOf, type Site, type View } from './site.ts'
import { tellDistance } from './times.ts'

function show(reply: FastifyReply, view: View, title: string, content: Html): undefined {
  return sendPage(reply, view, { title, main: html`<div class="card">${content}</div>` })
}

/** No access token lives for so long (policy: an hour at most): whoever says so is not this server, whose word it is that comes in a cookie. */
const TOO_LONG_MS = 86_400_000

/** How soon everybody else obeys (docs/revocation.md: G1, and G4 for those without the feed). */
function boundOf({ words, language, site }: View, expiredAt: number): Html {
  const { policy, clock } = site.context
  const leftMs = expiredAt - clock.now()
  const last = leftMs > 0 && leftMs < TOO_LONG_MS && ` ${words.obeyedLater(tellDistance(language, leftMs))}`
  return html`<p>${words.obeyedSoon(policy.leaseSeconds)}${last}</p>`
}

/** Signing out, the page after it, and the way in at the root. */
export function addSignOutPages(app: App, site: Site): void {
  const { auth, trusts } = site.context
  app.get(PATHS.home, PAGE_ROUTE, (_request, reply) => leadTo(reply, site.base + PATHS.devices))
  app.post(PATHS.signOut, PAGE_ROUTE, async (request, reply) => {
    const caller = await findReader(site, request)
    if (caller !== undefined) await auth.endSession(caller, caller.session.id, originOf(request.raw, trusts))
    dropSession(reply)
    return leadTo(reply, site.base + PATHS.signedOut)
  })
  app.get(PATHS.signedOut, PAGE_ROUTE, async (request, reply) => {
    const view = viewOf(site, request, PATHS.signedOut)
    const { words } = view
    const signIn = html`<a class="main" href="${hrefOf(view, PATHS.signIn)}">${words.signInAgain}</a>`
    const { name, expiredAt = 0 } = takeDone(request, reply) ?? {}
    if (name === 'deleted')
      return show(
        reply,
        view,
        words.deleted,
        html`<p>${words.deletedText}</p>
          ${boundOf(view, expiredAt)}`,
      )
    if (name === 'everything')
      return show(
        reply,
        view,
        words.everything,
        html`<p>${words.everythingText}</p>
          ${boundOf(view, expiredAt)}${signIn}`,
      )
    if ((await findReader(site, request)) === undefined)
      return show(
        reply,
        view,
        words.signedOut,
        html`<p>${words.signedOutText}</p>
          ${signIn}`,
      )
    const signOut = formOf(view, PATHS.signOut, html`<button class="main" type="submit">${words.signOut}</button>`)
    return show(reply, view, words.stillSignedIn, signOut)
  })
}
