import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { changesSomething, judgeOrigin } from '../http/cross-origin.ts'
import { logFault } from '../http/error-gate.ts'
import { faultOfError } from '../http/faults.ts'
import { fetchMetadata } from '../http/origin.ts'
import type { AnswerUnmatched } from '../http/unmatched.ts'
import type { App } from '../routes/app.ts'
import type { WireTypes } from '../wire/schema.ts'
import { addAccountPage } from './account.ts'
import { addDevicesPage } from './devices.ts'
import { sendFaultPage } from './fault-page.ts'
import { addByways, addClosedSignUp, isByway } from './byways.ts'
import { asLanguage, setLanguage } from './language.ts'
import { addSignInPage, addSignUpPage } from './sign-in.ts'
import { addSignedInPage } from './signed-in.ts'
import { addSignOutPages } from './sign-out.ts'
import { PAGE_ROUTE, readFields, type Site } from './site.ts'
import type { Asset } from './theme.ts'

/** The pages that people see: plain forms, no scripts. */
export async function addPages(app: App, site: Site): Promise<void> {
  const { context, theme } = site
  for (const asset of [theme.style, theme.logo]) addAsset(app, asset)
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    await scope.register(formbody)
    scope.addHook('onRequest', (request, reply, done) => {
      putPageHeaders(request, reply)
      done()
    })
    refuseForeignForms(scope, site)
    scope.setErrorHandler((error, request, reply) => {
      const fault = faultOfError(error)
      logFault(request, error, fault)
      sendFaultPage(site, request, reply, fault)
    })
    const pages = scope.withTypeProvider<WireTypes>()
    addSignInPage(pages, site)
    if (context.signUp === 'open') addSignUpPage(pages, site)
    else addClosedSignUp(pages, site)
    addSignedInPage(pages, site)
    addSignOutPages(pages, site)
    addDevicesPage(pages, site)
    addAccountPage(pages, site)
    addByways(pages, site)
  })
}

/** Its name tells its content, so it may be kept: nothing in it is private. */
function addAsset(app: App, { path, type, content }: Asset): void {
  app.get(path, PAGE_ROUTE, (_request, reply) => {
    reply.header('cache-control', 'public, max-age=31536000, immutable')
    reply.type(type).send(content)
  })
}

/**
 * Pages tell their own origin where they come from, and nobody else: under `no-referrer`, browsers would send forms with the origin `null`.
 * They share no window with pages of other origins.
 */
function putPageHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('referrer-policy', 'same-origin')
  reply.header('cross-origin-opener-policy', 'same-origin')
  const switched = asLanguage(readFields(request.query)['lang'])
  if (switched !== undefined) reply.header('set-cookie', setLanguage(switched))
}

/** What answers for a path that is not there, or does not take a method: false where nobody reads a page. */
export function answerUnmatchedPage(site: Site | undefined): AnswerUnmatched {
  return (request, reply, fault) => {
    if (site === undefined || !isByway(request)) return false
    putPageHeaders(request, reply)
    sendFaultPage(site, request, reply, fault)
    return true
  }
}

/**
 * Forms come from the pages themselves (ASVS 3.5.1): an origin that an application lists may call the interface, and may not fill in our forms. There is no
 * token besides: a browser that sends neither `Sec-Fetch-Site` nor `Origin` with a form is refused.
 */
function refuseForeignForms(scope: FastifyInstance, site: Site): void {
  scope.addHook('onRequest', (request, reply, done) => {
    const isForeign =
      changesSomething(request.method) && judgeOrigin(fetchMetadata(request), site.context.origin) !== 'same'
    if (isForeign) sendFaultPage(site, request, reply, { code: 'cross_origin' })
    else done()
  })
}
