import { isRefusal, type Caller, type SessionView } from '@counterfoil/core'
import type { SessionId } from '@counterfoil/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { faultOfRefusal } from '../http/faults.ts'
import { originOf } from '../http/origin.ts'
import type { App } from '../routes/app.ts'
import { nameDevice } from './device.ts'
import { noticeOfDone } from './done.ts'
import { formOf } from './forms.ts'
import { html, type Html } from './html.ts'
import { sendPage } from './layout.ts'
import { sendFaultPage } from './fault-page.ts'
import { dropSession } from './sign-in.ts'
import {
  leadTo,
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

const ACTIONS = {
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

function factsOf(view: View, session: SessionView, names: Names): Html {
  const { words, language, site } = view
  const isOurs = session.applicationId === PAGES_APPLICATION.id
  const application = isOurs ? words.accountPages : (names.get(session.applicationId) ?? session.applicationId)
  const seen =
    session.seenAt === undefined
      ? html`${words.unknown}`
      : agoElement(language, session.seenAt, site.context.clock.now())
  const fact = (term: string, what: Html): Html =>
    html`<div>
      <dt>${term}</dt>
      <dd>${what}</dd>
    </div>`
  return html`<dl class="facts">
    ${fact(words.application, html`<bdi>${application}</bdi>`)}
    ${fact(words.since, instantElement(language, session.started.at))}
    ${fact(words.address, html`<bdi>${session.started.address ?? words.unknown}</bdi>`)} ${fact(words.lastSeen, seen)}
  </dl>`
}

function deviceOf(view: View, session: SessionView, names: Names, isCurrent: boolean): Html {
  const { words } = view
  const name = nameDevice({ label: session.deviceLabel, userAgent: session.started.userAgent }, words)
  const end = html`<input type="hidden" name="session" value="${session.id}" />
    <button class="plain" type="submit" aria-label="${words.endOneOf(name)}">${words.endOne}</button>`
  return html`<li class="card device">
    <header>
      <h2><bdi>${name}</bdi></h2>
      ${isCurrent ? html`<span class="badge">${words.thisDevice}</span>` : formOf(view, ACTIONS.end, end)}
    </header>
    ${factsOf(view, session, names)}
  </li>`
}

function endSeveral(view: View, hasOthers: boolean): Html {
  const { words } = view
  const button = (kind: 'plain' | 'harsh', text: string): Html =>
    html`<button class="${kind}" type="submit">${text}</button>`
  return html`<section class="card" aria-labelledby="several">
    <header>
      <h2 id="several">${words.endTitle}</h2>
      <p>${hasOthers ? words.endAllText : words.onlyThis}</p>
    </header>
    <div class="row">
      ${hasOthers && formOf(view, ACTIONS.endOthers, button('plain', words.endOthers))}
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
  const sessions = listed.toSorted((one, other) => Number(isCurrent(other)) - Number(isCurrent(one)))
  const names = await namesOf(site.context, sessions)
  return sendPage(reply, view, {
    title: view.words.devices,
    lead: view.words.devicesLead,
    notice: noticeOfDone(view, request),
    main: html`<ul class="devices">
        ${sessions.map((session) => deviceOf(view, session, names, isCurrent(session)))}
      </ul>
      ${endSeveral(
        view,
        sessions.some((session) => !isCurrent(session)),
      )}`,
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
    // What has ended meanwhile, or was never there, is as much at its end as what ends now.
    if (SESSION_ID.test(id)) await auth.endSession(caller, id as SessionId, originOf(request.raw, trusts))
    if (id !== caller.session.id) return leadTo(reply, `${site.base}${PATHS.devices}?done=ended`)
    dropSession(site, reply)
    return leadTo(reply, site.base + PATHS.signedOut)
  })
  addEndingSeveral(app, site)
}

function addEndingSeveral(app: App, site: Site): void {
  const { auth, trusts } = site.context
  const end = async (request: FastifyRequest, reply: FastifyReply, keep: 'none' | 'current'): Promise<undefined> => {
    const caller = await requireReader(site, request, reply, PATHS.devices)
    if (caller === undefined) return undefined
    const outcome = await auth.endAllSessions(caller, keep, originOf(request.raw, trusts))
    if (isRefusal(outcome)) return sendFaultPage(site, request, reply, faultOfRefusal(outcome))
    if (keep === 'current') return leadTo(reply, `${site.base}${PATHS.devices}?done=others`)
    dropSession(site, reply)
    return leadTo(reply, site.base + PATHS.signedOut)
  }
  app.post(ACTIONS.endOthers, PAGE_ROUTE, (request, reply) => end(request, reply, 'current'))
  app.post(ACTIONS.endAll, PAGE_ROUTE, (request, reply) => end(request, reply, 'none'))
}
