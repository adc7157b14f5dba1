import { describe, expect, it } from 'vitest'
import { readRoutePath } from './path.ts'
import { AmbiguousRoutes, RouteTable, type RoutePattern } from './table.ts'

function route(name: string, path: string, more: Partial<RoutePattern> = {}): RoutePattern {
  return { name, path, hosts: [], methods: [], ...more }
}

function find(table: RouteTable<RoutePattern>, host: string, target: string, method = 'GET'): string {
  const path = readRoutePath(target)
  if (path === undefined) throw new Error('no path')
  const found = table.find(host, path, method)
  return typeof found === 'string' ? found : found.name
}

describe('a table of routes', () => {
  const table = new RouteTable([
    route('root', '/'),
    route('orders', '/orders'),
    route('read', '/orders/archive', { methods: ['GET', 'HEAD'] }),
    route('write', '/orders/archive', { methods: ['POST'] }),
    route('deep', '/orders/archive/old'),
    route('host', '/orders', { hosts: ['api.example.com'] }),
    route('wild', '/', { hosts: ['*.example.com'] }),
    route('wilder', '/', { hosts: ['*.eu.example.com'] }),
  ])

  it.each([
    ['other', '/', 'GET', 'root'],
    ['other', '/orders', 'GET', 'orders'],
    ['other', '/orders/1', 'GET', 'orders'],
    ['other', '/ordersx', 'GET', 'root'],
    ['other', '/orders/archive', 'HEAD', 'read'],
    ['other', '/orders/archive/1', 'POST', 'write'],
    ['other', '/orders/archive', 'DELETE', 'method'],
    ['other', '/orders/archive/old/x', 'DELETE', 'deep'],
    ['api.example.com', '/orders/1', 'GET', 'host'],
    ['api.example.com', '/', 'GET', 'wild'],
    ['a.eu.example.com', '/', 'GET', 'wilder'],
    ['example.com', '/', 'GET', 'root'],
    ['.example.com', '/', 'GET', 'root'],
  ])('sends %s %s %s to %s', (host, target, method, expected) => {
    expect(find(table, host, target, method)).toBe(expected)
  })

  it('has no place for what no route is for', () => {
    const only = new RouteTable([route('orders', '/orders')])
    expect(find(only, 'x', '/')).toBe('none')
    expect(find(only, 'x', '/order')).toBe('none')
  })

  it('sends nobody past a route by upper case: a service may not tell the two apart', () => {
    expect(find(table, 'other', '/ORDERS')).toBe('ambiguous')
    expect(find(table, 'other', '/orders/Archive', 'DELETE')).toBe('ambiguous')
    expect(find(table, 'other', '/orders/A1')).toBe('orders')
  })

  it.each([
    ['the same path', [route('a', '/x'), route('b', '/x')]],
    ['the same path, written otherwise', [route('a', '/x'), route('b', '/x/')]],
    ['a method in both', [route('a', '/x', { methods: ['GET'] }), route('b', '/x', { methods: ['POST', 'GET'] })]],
    ['a host in both', [route('a', '/x', { hosts: ['h'] }), route('b', '/x', { hosts: ['g', 'h'] })]],
    ['the same wildcard', [route('a', '/x', { hosts: ['*.h'] }), route('b', '/x', { hosts: ['*.h'] })]],
  ])('is refused when two routes have %s', (_, routes) => {
    expect(() => new RouteTable(routes)).toThrow(AmbiguousRoutes)
    expect(() => new RouteTable(routes)).toThrow('"a" and "b"')
  })
})
