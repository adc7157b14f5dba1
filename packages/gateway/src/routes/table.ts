import type { RoutePath } from './path.ts'

/** What requests a route is for. */
export interface RoutePattern {
  readonly name: string
  /** Host names in lower case; `*.example.com` is any below it. Empty: any host. */
  readonly hosts: readonly string[]
  /** This path and everything below it. */
  readonly path: string
  /** Empty: any method. */
  readonly methods: readonly string[]
}

/** Two routes that nobody could choose between. */
export class AmbiguousRoutes extends Error {
  override readonly name = 'AmbiguousRoutes'
}

/** What became of a search: `ambiguous` where upper and lower case lead to different routes, and a service may not tell them apart. */
export type Found<Route> = Route | 'none' | 'method' | 'ambiguous'

interface Node<Route> {
  readonly below: Map<string, Node<Route>>
  readonly byMethod: Map<string, Route>
  forAny: Route | undefined
}

/**
 * Routes by host, path and method. The host decides first: an exact name before the longest wildcard before none; then the longest path; then a route
 * that names the method before one that takes any.
 */
export class RouteTable<Route extends RoutePattern> {
  readonly #exact = new Map<string, Node<Route>>()
  readonly #wildcards: { readonly suffix: string; readonly root: Node<Route> }[] = []
  readonly #any: Node<Route> = emptyNode()

  /** @throws {AmbiguousRoutes} that names both. */
  constructor(routes: readonly Route[]) {
    for (const route of routes) this.#add(route)
    this.#wildcards.sort((one, other) => other.suffix.length - one.suffix.length)
  }

  find(host: string, path: RoutePath, method: string): Found<Route> {
    const found = this.#search(host, path.text, method)
    if (path.folded === undefined) return found
    const folded = this.#search(host, path.folded, method)
    return folded === found || found === 'none' ? found : 'ambiguous'
  }

  /** The methods that are taken at a place where one was not. */
  allowed(host: string, { text }: RoutePath): string[] {
    const methods = new Set<string>()
    for (const root of this.#rootsFor(host))
      for (const method of deepestAt(root, text)?.byMethod.keys() ?? []) methods.add(method)
    return [...methods]
  }

  #search(host: string, path: string, method: string): Route | 'none' | 'method' {
    let best: Route | 'none' | 'method' = 'none'
    for (const root of this.#rootsFor(host)) {
      const found = descend(root, path, method)
      if (typeof found !== 'string') return found
      if (found === 'method') best = 'method'
    }
    return best
  }

  *#rootsFor(host: string): Generator<Node<Route>> {
    const exact = this.#exact.get(host)
    if (exact !== undefined) yield exact
    for (const { suffix, root } of this.#wildcards) if (host.endsWith(suffix) && host.length > suffix.length) yield root
    yield this.#any
  }

  #add(route: Route): void {
    const roots = route.hosts.length === 0 ? [this.#any] : route.hosts.map((host) => this.#rootOf(host))
    for (const root of roots) {
      let node = root
      for (const segment of segmentsOf(route.path)) {
        const next = node.below.get(segment) ?? emptyNode<Route>()
        node.below.set(segment, next)
        node = next
      }
      place(node, route)
    }
  }

  #rootOf(host: string): Node<Route> {
    if (!host.startsWith('*.')) {
      const root = this.#exact.get(host) ?? emptyNode<Route>()
      this.#exact.set(host, root)
      return root
    }
    const suffix = host.slice(1)
    const known = this.#wildcards.find((wildcard) => wildcard.suffix === suffix)
    if (known !== undefined) return known.root
    const root = emptyNode<Route>()
    this.#wildcards.push({ suffix, root })
    return root
  }
}

function emptyNode<Route>(): Node<Route> {
  return { below: new Map(), byMethod: new Map(), forAny: undefined }
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '')
}

function place<Route extends RoutePattern>(node: Node<Route>, route: Route): void {
  const taken =
    route.methods.length === 0
      ? node.forAny
      : route.methods.map((method) => node.byMethod.get(method)).find((other) => other !== undefined)
  if (taken !== undefined)
    throw new AmbiguousRoutes(`routes "${taken.name}" and "${route.name}" are for the same requests`)
  if (route.methods.length === 0) node.forAny = route
  for (const method of route.methods) node.byMethod.set(method, route)
}

/** The route at the longest path, if it takes the method; a shorter path only where no longer one is named at all. */
function descend<Route>(root: Node<Route>, path: string, method: string): Route | 'none' | 'method' {
  const deepest = deepestAt(root, path)
  if (deepest === undefined) return 'none'
  return deepest.byMethod.get(method) ?? deepest.forAny ?? 'method'
}

function deepestAt<Route>(root: Node<Route>, path: string): Node<Route> | undefined {
  let node: Node<Route> | undefined = root
  let deepest: Node<Route> | undefined = hasRoute(root) ? root : undefined
  let from = 1
  while (node !== undefined && from <= path.length) {
    const slash = path.indexOf('/', from)
    const end = slash < 0 ? path.length : slash
    if (end > from) {
      node = node.below.get(path.slice(from, end))
      if (node !== undefined && hasRoute(node)) deepest = node
    }
    from = end + 1
  }
  return deepest
}

function hasRoute<Route>({ byMethod, forAny }: Node<Route>): boolean {
  return forAny !== undefined || byMethod.size > 0
}
