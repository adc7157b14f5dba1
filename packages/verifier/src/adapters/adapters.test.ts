import 'reflect-metadata'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve as serveFetch, type ServerType } from '@hono/node-server'
import { Controller, Get, Module, Req, Res, UseGuards, type CanActivate } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js'
import express from 'express'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { Hono } from 'hono'
import type { Accepted } from '../decision.ts'
import * as forExpress from './express.ts'
import * as forFastify from './fastify.ts'
import * as forFetch from './fetch.ts'
import * as forHono from './hono.ts'
import * as forNest from './nest.ts'
import * as forNode from './node.ts'
import { holdAdapter, PROBE, type Service } from './conformance.fixture.ts'

const REQUIREMENTS = {
  '/who': {},
  '/support': { roles: ['other', 'support'] },
  '/hybrid': { strategies: ['hybrid'] },
  '/recent': { maxAuthAgeSeconds: 60 },
  '/strict': { onStale: 'reject' },
  '/fresh': { fresh: true },
  '/both': { fresh: true, onStale: 'reject' },
} as const
const STREAMS = { '/stream': {}, '/strict/stream': { onStale: 'reject' } } as const

const who = (accepted: Accepted | undefined) => ({ id: accepted?.identity.accountId, fresh: accepted?.fresh })
const openly = (accepted: Accepted | undefined) => ({ id: accepted?.identity.accountId ?? null })
const portOf = (address: unknown): number => (address as AddressInfo).port

async function serviceOf(server: ServerType): Promise<Service> {
  if (!server.listening) await once(server, 'listening')
  const close = async (): Promise<void> => {
    server.close()
    if ('closeAllConnections' in server) server.closeAllConnections()
    await once(server, 'close')
  }
  return { port: portOf(server.address()), close }
}

holdAdapter('node:http', (verifier) => {
  const isKnown = forNode.authenticate(verifier, { probe: PROBE })
  const mayBeKnown = forNode.authenticate(verifier, { optional: true })
  const server = createServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?')
    void (async () => {
      if (!(await (path === '/open' ? mayBeKnown : isKnown)(request, response))) return
      if (path === '/open') return response.end(JSON.stringify(openly(forNode.authOf(request))))
      const requirements = Object.entries({ ...REQUIREMENTS, ...STREAMS }).find(([name]) => name === path)?.[1]
      if (!(await forNode.require(requirements)(request, response))) return
      if (path in STREAMS) {
        response.write('begun\n')
        return forNode.endWithSession(request, response)
      }
      return response.end(JSON.stringify(who(forNode.authOf(request))))
    })()
  }).listen(0, '127.0.0.1')
  return serviceOf(server)
})

holdAdapter('Express', (verifier) => {
  const app = express()
  app.get('/open', forExpress.authenticate(verifier, { optional: true }), (request, response) => {
    response.json(openly(request.auth))
  })
  app.use(forExpress.authenticate(verifier, { probe: PROBE }))
  for (const [path, requirements] of Object.entries(STREAMS)) {
    app.get(path, forExpress.require(requirements), (request, response) => {
      response.write('begun\n')
      forExpress.endWithSession(request, response)
    })
  }
  for (const [path, requirements] of Object.entries(REQUIREMENTS)) {
    app.get(path, forExpress.require(requirements), (request, response) => void response.json(who(request.auth)))
  }
  return serviceOf(app.listen(0, '127.0.0.1'))
})

holdAdapter('Fastify', async (verifier) => {
  const app = fastify({ forceCloseConnections: true })
  app.get('/open', { onRequest: forFastify.authenticate(verifier, { optional: true }) }, (request, reply) =>
    reply.send(openly(forFastify.authOf(request))),
  )
  await app.register((known, _, done) => {
    known.addHook('onRequest', forFastify.authenticate(verifier, { probe: PROBE }))
    known.get(PROBE, (_request, reply) => reply.code(500).send())
    for (const [path, requirements] of Object.entries(STREAMS)) {
      known.get(path, { onRequest: forFastify.require(requirements) }, (request, reply) => {
        reply.hijack()
        reply.raw.write('begun\n')
        forFastify.endWithSession(request, reply)
      })
    }
    for (const [path, requirements] of Object.entries(REQUIREMENTS)) {
      known.get(path, { onRequest: forFastify.require(requirements) }, (request, reply) =>
        reply.send(who(forFastify.authOf(request))),
      )
    }
    done()
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: portOf(app.server.address()), close: () => app.close() }
})

function stream(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('begun\n'))
    },
  })
}

holdAdapter('Hono', (verifier) => {
  const app = new Hono()
  app.get('/open', forHono.authenticate(verifier, { optional: true }), (c) => c.json(openly(forHono.authOf(c))))
  app.use(forHono.authenticate(verifier, { probe: PROBE }))
  for (const [path, requirements] of Object.entries(STREAMS)) {
    app.get(path, forHono.require(requirements), (c) => forHono.endWithSession(c, new Response(stream())))
  }
  for (const [path, requirements] of Object.entries(REQUIREMENTS)) {
    app.get(path, forHono.require(requirements), (c) => c.json(who(c.var.auth)))
  }
  return serviceOf(serveFetch({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }))
})

holdAdapter('fetch', (verifier) => {
  const isKnown = forFetch.authenticate(verifier, { probe: PROBE })
  const mayBeKnown = forFetch.authenticate(verifier, { optional: true })
  const fetch = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url)
    if (pathname === '/open') return (await mayBeKnown(request)) ?? Response.json(openly(forFetch.authOf(request)))
    const unknown = await isKnown(request)
    if (unknown !== undefined) return unknown
    const requirements = Object.entries({ ...REQUIREMENTS, ...STREAMS }).find(([name]) => name === pathname)?.[1]
    const refused = await forFetch.require(requirements)(request)
    if (refused !== undefined) return refused
    if (pathname in STREAMS) return forFetch.endWithSession(request, new Response(stream()))
    return Response.json(who(forFetch.authOf(request)))
  }
  return serviceOf(serveFetch({ fetch, port: 0, hostname: '127.0.0.1' }))
})

/** Decorators are functions: applied by hand, they need nothing of the compiler. */
function route(
  path: string,
  guards: readonly CanActivate[],
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): new () => object {
  class One {
    handle(request: IncomingMessage, response: ServerResponse): void {
      answer(request, response)
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(One.prototype, 'handle') ?? {}
  Req()(One.prototype, 'handle', 0)
  Res()(One.prototype, 'handle', 1)
  Get(path)(One.prototype, 'handle', descriptor)
  UseGuards(...guards)(One.prototype, 'handle', descriptor)
  Controller()(One)
  return One
}

holdAdapter('NestJS', async (verifier) => {
  const isKnown = forNest.authenticate(verifier, { probe: PROBE })
  const end = (response: ServerResponse, body: object): void => void response.end(JSON.stringify(body))
  const controllers = [
    route('/open', [forNest.authenticate(verifier, { optional: true })], (request, response) =>
      end(response, openly(forNest.authOf(request))),
    ),
    route(PROBE, [isKnown], (_request, response) => end(response, {})),
    ...Object.entries(STREAMS).map(([path, requirements]) =>
      route(path, [isKnown, forNest.require(requirements)], (request, response) => {
        response.write('begun\n')
        forNest.endWithSession(request, response)
      }),
    ),
    ...Object.entries(REQUIREMENTS).map(([path, requirements]) =>
      route(path, [isKnown, forNest.require(requirements)], (request, response) =>
        end(response, who(forNest.authOf(request))),
      ),
    ),
  ]
  class Root {
    readonly name = 'root'
  }
  Module({ controllers })(Root)
  const app = await NestFactory.create(Root, { logger: ['error'], forceCloseConnections: true })
  await app.listen(0, '127.0.0.1')
  const server: { address(): unknown } = app.getHttpServer()
  return { port: portOf(server.address()), close: () => app.close() }
})

/** What Nest does with guards over Fastify: its context, with Fastify's own objects. */
function guarded(guards: readonly CanActivate[]) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    for (const guard of guards) {
      const mayPass: unknown = await guard.canActivate(new ExecutionContextHost([request, reply]))
      if (mayPass !== true) return reply
    }
    return undefined
  }
}

holdAdapter('NestJS, given the objects of Fastify', async (verifier) => {
  const app = fastify({ forceCloseConnections: true })
  const isKnown = forNest.authenticate(verifier, { probe: PROBE })
  app.get('/open', { onRequest: guarded([forNest.authenticate(verifier, { optional: true })]) }, (request, reply) =>
    reply.send(openly(forNest.authOf(request))),
  )
  app.get(PROBE, { onRequest: guarded([isKnown]) }, (_request, reply) => reply.code(500).send())
  for (const [path, requirements] of Object.entries(STREAMS)) {
    app.get(path, { onRequest: guarded([isKnown, forNest.require(requirements)]) }, (request, reply) => {
      reply.hijack()
      reply.raw.write('begun\n')
      forNest.endWithSession(request, reply)
    })
  }
  for (const [path, requirements] of Object.entries(REQUIREMENTS)) {
    app.get(path, { onRequest: guarded([isKnown, forNest.require(requirements)]) }, (request, reply) =>
      reply.send(who(forNest.authOf(request))),
    )
  }
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: portOf(app.server.address()), close: () => app.close() }
})
