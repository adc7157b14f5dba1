import { describe, expect, it } from 'vitest'
import { optionsFor } from './edge.fixture.ts'
import { createGateway } from './gateway.ts'
import type { GatewayOptions, RouteOptions } from './options.ts'

const ROUTE: RouteOptions = { name: 'orders', path: '/orders', upstreams: ['http://127.0.0.1:1'] }

describe('options of a gateway', () => {
  it.each<readonly [string, Partial<RouteOptions>, Partial<GatewayOptions>]>([
    ['publicUrl', {}, { publicUrl: 'https://api.example.com/' }],
    ['publicUrl', {}, { publicUrl: 'api.example.com' }],
    ['origins[0]', {}, { origins: ['https://app.example.com/x'] }],
    ['trustedProxies[0]', {}, { trustedProxies: ['0.0.0.0/0'] }],
    ['timeouts.idleMs', {}, { timeouts: { idleMs: 0 } }],
    ['timeouts.idlems', {}, { timeouts: { idlems: 1 } as never }],
    ['limits.bodyBytes', {}, { limits: { bodyBytes: 1.5 } }],
    ['upstreamTokenSeconds', {}, { upstreamTokenSeconds: 61 }],
    ['routes must', {}, { routes: [] }],
    ['two are called "orders"', {}, { routes: [ROUTE, { ...ROUTE, path: '/other' }] }],
    ['for the same requests', {}, { routes: [ROUTE, { ...ROUTE, name: 'others' }] }],
    ['routes[0].name', { name: 'a b' }, {}],
    ['routes "orders".path', { path: 'orders' }, {}],
    ['routes "orders".path', { path: '/a/../b' }, {}],
    ['routes "orders".path', { path: '/a%20b' }, {}],
    ['routes "orders".path', { path: '/.counterfoil/x' }, {}],
    ['routes "orders".hosts', { hosts: ['API.example.com'] }, {}],
    ['routes "orders".hosts', { hosts: ['*'] }, {}],
    ['routes "orders".methods', { methods: ['get'] }, {}],
    ['routes "orders".upstreams', { upstreams: [] }, {}],
    ['routes "orders".upstreams', { upstreams: ['http://u:p@h'] }, {}],
    ['routes "orders".upstreams', { upstreams: ['http://h/path'] }, {}],
    ['routes "orders".upstreams', { upstreams: ['ftp://h'] }, {}],
    ['routes "orders".upstreams', { upstreams: ['unix:relative'] }, {}],
    ['routes "orders".upstreamAudience', { upstreamAudience: 'x' }, {}],
    ['routes "orders".upstreamAudience', { identity: 'upstream_token' }, {}],
    ['routes "orders".identity', { identity: 'upstream_token', upstreamAudience: 'x' }, {}],
    ['routes "orders".identity', { identity: 'access_token', access: 'public' }, {}],
  ])('are refused with a word about %s', (place, route, more) => {
    expect(() => createGateway(optionsFor([{ ...ROUTE, ...route }], more))).toThrow(TypeError)
    expect(() => createGateway(optionsFor([{ ...ROUTE, ...route }], more))).toThrow(place)
  })

  it('may leave out all but what there is no sensible default for', async () => {
    const gateway = createGateway(optionsFor([ROUTE]))
    expect(gateway.isDraining).toBe(false)
    await gateway.close()
  })
})
