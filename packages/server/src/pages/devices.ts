import { isRefusal, type Caller, type SessionView } from '@counterfoil/core'
import type { SessionId } from '@counterfoil/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { faultOfRefusal } from '../http/faults.ts'
import { originOf } from '../http/origin.ts'
import type { App } from '../routes/app.ts'
import { nameDevice } from './device.ts'
import { noticeOfDone, tellDone } from './done.ts'
import { formOf } from './forms.ts'
import { html, type Html } from './html.ts'
import { sendPage } from './layout.ts'
import { sendFaultPage } from './fault-page.ts'
import { dropSession } from './session.ts'
import {
  isRecent,
  leadTo,
  leadToSignInAgain,
  PAGE_ROUTE,
  PAGES_APPLICATION,
  PATHS,
  readFields,
  requireReader,
  viewOf,
  type Site,
  type View,
} from './site.ts'
import { agoElement, instantElement } from './times.ts'

/** Where the forms of the page are sent. */
export const ACTIONS = {
  end: `${PATHS.devices}/end`,
  endOthers: `${PATHS.devices}/end-others`,
  endAll: `${PATHS.devices}/end-all`,
} as const

/** Names of applications by id. */
type Names = ReadonlyMap<string, string>

async function namesOf({ auth }: Site['context'], sessions: readonly SessionView[]): Promise<Names> {
  const ids = [...new Set(sessions.map(({ applicationId }) => applicationId))]
  const found = await Promise.all(ids.map(async (id) => [id, (await auth.findApplication(id))?.name ?? id] as const))
  return new Map<string, string>(found)
}

/** More are never listed: whoever has so many wants to end them, not to read about them. */
const MOST_LISTED = 100

/** What was used so lately cannot have been used much later. */
const A_MOMENT_MS = 60_000

/**
 * When a session was last used. That it is in use now is known; of others, use is written down from time to time, so it may have been later than what
 * stands there.
 */
function seenOf({ words, language, site }: View, { seenAt }: SessionView, isCurrent: boolean): Html {
  if (isCurrent) return html`${words.now}`
  if (seenAt === undefined) return html`${words.unknown}`
  const now = site.context.clock.now()
  const seen = agoElement(language, seenAt, now)
  return now - seenAt < A_MOMENT_MS ? seen : html`${seen} ${words.orLater}`
}

function factsOf(view: View, session: SessionView, names: Names, isCurrent: boolean): Html {
  const { words, language } = view
  const isOurs = session.applicationId === PAGES_APPLICATION.id
  const application = isOurs ? words.accountPages : (names.get(session.applicationId) ?? session.applicationId)
  const fact = (term: string, what: Html): Html =>
    html`<div>
      <dt>${term}</dt>
      <dd>${what}</dd>
    </div>`
  return html`<dl class="facts" id="facts-${session.id}">
    ${fact(words.application, html`<bdi>${application}</bdi>`)}
    ${fact(words.since, instantElement(language, session.started.at))}
    ${fact(words.address, html`<bdi>${session.started.address ?? words.unknown}</bdi>`)}
    ${fact(words.lastSeen, seenOf(view, session, isCurrent))}
  </dl>`
}

function deviceOf(view: View, session: SessionView, names: Names, isCurrent: boolean): Html {
  const { words } = view
  const name = nameDevice({ label: session.deviceLabel, userAgent: session.started.userAgent }, words)
  const end = html`<input type="hidden" name="session" value="${session.id}" />
    <button class="plain" type="submit" aria-label="${words.endOneOf(name)}" aria-describedby="facts-${session.id}">
      ${words.endOne}
    </button>`
  return html`<li class="card device">
    <header>
      <h2><bdi>${name}</bdi></h2>
      ${isCurrent ? html`<span class="badge">${words.thisDevice}</span>` : formOf(view, ACTIONS.end, end)}
    </header>
    ${factsOf(view, session, names, isCurrent)}
  </li>`
}

/** Always both: sessions that leave no record are not in the list, and end with the others. */
function endSeveral(view: View): Html {
  const { words } = view
  const button = (kind: 'plain' | 'harsh', text: string): Html =>
    html`<button class="${kind}" type="submit">${text}</button>`
  return html`<section class="card" aria-labelledby="several">
    <header>
      <h2 id="several">${words.endTitle}</h2>
      <p>${words.notListed} ${words.endAllText}</p>
    </header>
    <div class="row">
      ${formOf(view, ACTIONS.endOthers, button('plain', words.endOthers))}
      ${formOf(view, ACTIONS.endAll, button('harsh', words.endAll))}
    </div>
  </section>`
}

async function showDevices(
  site: Site,
  request: FastifyRequest,
  reply: FastifyReply,
  caller: Caller,
): Promise<undefined> {
  const view = viewOf(site, request, PATHS.devices, true)
  const listed = await site.context.auth.listSessions(caller)
  const isCurrent = ({ id }: SessionView): boolean => id === caller.session.id
  const sorted = listed.toSorted((one, other) => Number(isCurrent(other)) - Number(isCurrent(one)))
  const sessions = sorted.slice(0, MOST_LISTED)
  const names = await namesOf(site.context, sessions)
  return sendPage(reply, view, {
    title: view.words.devices,
    lead: view.words.devicesLead,
    notice: noticeOfDone(view, request, reply),
    main: html`<ul class="devices">
        ${sessions.map((session) => deviceOf(view, session, names, isCurrent(session)))}
      </ul>
      ${sorted.length > sessions.length && html`<p class="aside">${view.words.more(sorted.length - sessions.length)}</p>`}
      ${endSeveral(view)}`,
  })
}

const SESSION_ID = /^[A-Za-z0-9_-]{22}$/

/** The page that tells where one is signed in, and ends what should not be (ASVS 7.5.2). */
export function addDevicesPage(app: App, site: Site): void {
  const { auth, trusts } = site.context
  app.get(PATHS.devices, PAGE_ROUTE, async (request, reply) => {
    const caller = await requireReader(site, request, reply, PATHS.devices)
    return caller && showDevices(site, request, reply, caller)
  })
  app.post(ACTIONS.end, PAGE_ROUTE, async (request, reply) => {
    const caller = await requireReader(site, request, reply, PATHS.devices)
    if (caller === undefined) return undefined
    const { session: id = '' } = readFields(request.body)
    const isOwn = id === caller.session.id
    if (!isOwn && !isRecent(site, caller)) return leadToSignInAgain(site, reply, PATHS.devices)
    const outcome = SESSION_ID.test(id)
      ? await auth.endSession(caller, id as SessionId, originOf(request.raw, trusts))
      : undefined
    if (!isOwn) {
      // What has ended meanwhile, or is somebody else's, has not been ended by this form.
      tellDone(reply, outcome === undefined || isRefusal(outcome) ? 'absent' : 'ended')
      return leadTo(reply, site.base + PATHS.devices)
    }
    dropSession(reply)
    return leadTo(reply, site.base + PATHS.signedOut)
  })
  addEndingSeveral(app, site)
}

function addEndingSeveral(app: App, site: Site): void {
  const { auth, trusts } = site.context
  const end = async (request: FastifyRequest, reply: FastifyReply, keep: 'none' | 'current'): Promise<undefined> => {
    const caller = await requireReader(site, request, reply, PATHS.devices)
    if (caller === undefined) return undefined
    if (!isRecent(site, caller)) return leadToSignInAgain(site, reply, PATHS.devices)
    const outcome = await auth.endAllSessions(caller, keep, originOf(request.raw, trusts))
    if (isRefusal(outcome)) return sendFaultPage(site, request, reply, faultOfRefusal(outcome))
    if (keep === 'current') {
      tellDone(reply, 'others')
      return leadTo(reply, site.base + PATHS.devices)
    }
    dropSession(reply)
    tellDone(reply, 'everything', outcome.expiredAt)
    return leadTo(reply, site.base + PATHS.signedOut)
  }
  app.post(ACTIONS.endOthers, PAGE_ROUTE, (request, reply) => end(request, reply, 'current'))
  app.post(ACTIONS.endAll, PAGE_ROUTE, (request, reply) => end(request, reply, 'none'))
}
