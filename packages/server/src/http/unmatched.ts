import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { Fault } from './faults.ts'
import { sendProblem } from './problems.ts'

/** A path of the interface, and what may be done there. */
interface KnownPath {
  readonly pattern: RegExp
  readonly methods: Set<string>
}

/** The paths of the interface by their patterns. */
class KnownPaths {
  readonly #paths = new Map<string, KnownPath>()

  /** Takes note of a route. */
  note({ url, method }: Pick<RouteOptions, 'url' | 'method'>): void {
    const known = this.#paths.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() }
    for (const each of Array.isArray(method) ? method : [method]) known.methods.add(each)
    this.#paths.set(url, known)
  }

  /** The methods that a path takes, in alphabetical order; none when it is no path of the interface. */
  methodsOf(path: string): readonly string[] {
    const methods = new Set<string>()
    for (const known of this.#paths.values()) {
      if (known.pattern.test(path)) for (const method of known.methods) methods.add(method)
    }
    return [...methods].sort()
  }
}

function patternOf(url: string): RegExp {
  const segments = url.split('/').map((segment) => {
    if (segment === '*') return '.*'
    return segment.startsWith(':') ? '[^/]+' : segment.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  })
  return new RegExp(`^${segments.join('/')}$`)
}

/** Answers in another way than with a problem document, or not: false. */
export type AnswerUnmatched = (request: FastifyRequest, reply: FastifyReply, fault: Fault) => boolean

/** 404 for a path that is not there, 405 with `Allow` for a method that a path does not take (RFC 9110 §15.5.6). */
export function answerUnmatched(app: FastifyInstance, answer: AnswerUnmatched): void {
  const paths = new KnownPaths()
  app.addHook('onRoute', (route) => {
    // The route of the CORS plug-in for preflights everywhere is no path of the interface.
    if (route.url !== '*' && route.url !== '/*') paths.note(route)
  })
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?', 1)
    const methods = paths.methodsOf(path)
    if (methods.length > 0) reply.header('allow', methods.join(', '))
    const fault: Fault = { code: methods.length === 0 ? 'not_found' : 'method_not_allowed' }
    if (!answer(request, reply, fault)) sendProblem(reply, fault)
  })
}
