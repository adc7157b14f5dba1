import type { EngineName, JwsEngine } from './engine.ts'
import { nodeEngine } from './jws-node.ts'
import { webEngine } from './jws-web.ts'
import { findNodeModule } from './node-modules.ts'

/** The engine with this name, or the best that there is. @throws {TypeError} when it is not there. */
export function selectEngine(name: EngineName | undefined): JwsEngine {
  const names: readonly unknown[] = ['node', 'web', undefined]
  if (!names.includes(name)) throw new TypeError("engine must be 'node' or 'web'")
  const crypto = name === 'web' ? undefined : findNodeModule('node:crypto')
  if (crypto !== undefined) return nodeEngine(crypto)
  if (name === 'node') throw new TypeError("engine 'node' needs node:crypto, which is not here")
  return webEngine()
}
