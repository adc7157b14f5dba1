import { ERRORS } from '@counterfoil/protocol'
import { Compile, type XSchema } from 'typebox/schema'

/** An answer as far as a document can tell about it. */
export interface Documented {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly contentType: string | undefined
  readonly body: string
}

interface OperationObject {
  readonly operationId?: string
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: object }>> }>
  >
}

interface OpenApi {
  readonly openapi: string
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>
  readonly components: object
}

/** Holds answers to an OpenAPI document. */
export class Document {
  readonly #document: OpenApi
  readonly #checks = new Map<object, (value: unknown) => string | undefined>()

  constructor(text: string) {
    this.#document = JSON.parse(text) as OpenApi
  }

  get openapi(): OpenApi {
    return this.#document
  }

  /** What the document does not tell about an answer, or undefined when it tells all. */
  faultOf(answer: Documented): string | undefined {
    const where = `${answer.method} ${answer.path} → ${answer.status}`
    const fault = this.#judge(answer)
    return fault === undefined ? undefined : `${where}: ${fault}; body ${answer.body.slice(0, 300)}`
  }

  #judge(answer: Documented): string | undefined {
    const operation = this.#operationOf(answer)
    if (operation === undefined) return this.#judgeUnmatched(answer)
    const response = operation.responses[answer.status]
    if (response === undefined) return `the status is not documented for ${operation.operationId ?? ''}`
    if (response.content === undefined) return answer.body === '' ? undefined : 'there should be no body'
    if (answer.method === 'HEAD') return undefined
    const [essence = ''] = (answer.contentType ?? '').split(';')
    const schema = response.content[essence]?.schema
    return schema === undefined ? `the type ${essence} is not documented` : this.#check(schema, JSON.parse(answer.body))
  }

  /** Paths and methods that are none of the interface: 404 and 405 are not written down for each. */
  #judgeUnmatched({ status, body, contentType = '' }: Documented): string | undefined {
    if (status !== ERRORS.not_found[0] && status !== ERRORS.method_not_allowed[0] && status !== 414 && status !== 400)
      return 'there is no such operation'
    if (!contentType.startsWith('application/problem+json')) return `the type is ${contentType}`
    return body === '' ? undefined : this.#check({ $ref: '#/components/schemas/Problem' }, JSON.parse(body))
  }

  #operationOf({ method, path: asked }: Documented): OperationObject | undefined {
    const base = new URL(this.#document.servers[0]?.url ?? '').pathname
    const path = base === '/' ? asked : withoutBase(asked, base)
    // Documented once, for all methods and everything below.
    if (path === '/verify' || path.startsWith('/verify/')) return this.#document.paths['/verify']?.['get']
    const lower = method === 'HEAD' ? 'get' : method.toLowerCase()
    const exact = this.#document.paths[path]
    if (exact !== undefined) return exact[lower]
    const template = Object.keys(this.#document.paths).find((each) => patternOf(each).test(path))
    return template === undefined ? undefined : this.#document.paths[template]?.[lower]
  }

  #check(schema: object, value: unknown): string | undefined {
    const known = this.#checks.get(schema)
    if (known !== undefined) return known(value)
    const compiled = Compile({ ...schema, components: this.#document.components } as XSchema)
    const check = (each: unknown): string | undefined => {
      if (compiled.Check(each)) return undefined
      const [, errors] = compiled.Errors(each)
      return errors.map(({ instancePath, message }) => `${instancePath} ${message}`).join(', ')
    }
    this.#checks.set(schema, check)
    return check(value)
  }
}

/** The base before the path, or after a well-known one (RFC 8414 §3.1). */
function withoutBase(path: string, base: string): string {
  if (path.startsWith(`${base}/`)) return path.slice(base.length)
  return path.startsWith('/.well-known/') && path.endsWith(base) ? path.slice(0, -base.length) : path
}

function patternOf(template: string): RegExp {
  return new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`)
}
