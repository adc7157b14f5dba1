import type * as nodeCrypto from 'node:crypto'
import type * as nodeHttp from 'node:http'
import type * as nodeHttps from 'node:https'

/** The modules of Node that are used where they are there. */
interface NodeModules {
  readonly 'node:crypto': typeof nodeCrypto
  readonly 'node:http': typeof nodeHttp
  readonly 'node:https': typeof nodeHttps
}

/** What runtimes have in common of what Node has; some lack one part or the other. */
interface Surroundings {
  readonly process?: {
    readonly versions?: Readonly<Record<string, string | undefined>>
    readonly getBuiltinModule?: <Name extends keyof NodeModules>(name: Name) => NodeModules[Name] | undefined
  }
  readonly navigator?: { readonly userAgent?: string }
}

/** A module of Node, where it is Node's own. Looked for at run time, so that the package loads where there is none. */
export function findNodeModule<Name extends keyof NodeModules>(
  name: Name,
  surroundings: Surroundings = globalThis,
): NodeModules[Name] | undefined {
  const { process, navigator } = surroundings
  const versions = process?.versions
  const isNode = versions?.['node'] !== undefined && versions['bun'] === undefined && versions['deno'] === undefined
  const isWorker = navigator?.userAgent === 'Cloudflare-Workers'
  return isNode && !isWorker ? process?.getBuiltinModule?.(name) : undefined
}
