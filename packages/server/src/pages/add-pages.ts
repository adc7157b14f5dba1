import formbody from '@fastify/formbody'
import type { FastifyInstance } from 'fastify'
import type { ServerContext } from '../context.ts'
import { changesSomething, judgeOrigin } from '../http/cross-origin.ts'
import { logFault } from '../http/error-gate.ts'
import { faultOfError } from '../http/faults.ts'
import { fetchMetadata } from '../http/origin.ts'
import type { App } from '../routes/app.ts'
import type { WireTypes } from '../wire/schema.ts'
import { addAccountPage } from './account.ts'
import { addDevicesPage } from './devices.ts'
import { sendFaultPage } from './fault-page.ts'
import { asLanguage, setLanguage } from './language.ts'
import { addSignInPage, addSignUpPage } from './sign-in.ts'
import { addSignOutPages } from './sign-out.ts'
import { PAGE_ROUTE, readFields, type Site } from './site.ts'
import type { Asset, Theme } from './theme.ts'

/** What the pages are made of. */
export interface PagesParts {
  readonly context: ServerContext
  readonly issuerPath: string
  readonly origins: readonly string[]
  readonly theme: Theme
}

/** The pages that people see: plain forms, no scripts. */
export async function addPages(app: App, { context, issuerPath, origins, theme }: PagesParts): Promise<void> {
  const site: Site = { context, theme, base: issuerPath, origins }
  for (const asset of [theme.style, theme.logo]) addAsset(app, asset)
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    await scope.register(formbody)
    addPageHeaders(scope)
    refuseForeignForms(scope, site)
    scope.setErrorHandler((error, request, reply) => {
      const fault = faultOfError(error)
      logFault(request, error, fault)
      sendFaultPage(site, request, reply, fault)
    })
    const pages = scope.withTypeProvider<WireTypes>()
    addSignInPage(pages, site)
    if (context.signUp === 'open') addSignUpPage(pages, site)
    addSignOutPages(pages, site)
    addDevicesPage(pages, site)
    addAccountPage(pages, site)
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
function addPageHeaders(scope: FastifyInstance): void {
  scope.addHook('onRequest', (request, reply, done) => {
    reply.header('referrer-policy', 'same-origin')
    reply.header('cross-origin-opener-policy', 'same-origin')
    const switched = asLanguage(readFields(request.query)['lang'])
    if (switched !== undefined) reply.header('set-cookie', setLanguage(switched))
    done()
  })
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
