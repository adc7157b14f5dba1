import { getBuiltinModule } from 'node:process'
import { describe, expect, it } from 'vitest'
import { findNodeModule } from './node-modules.ts'
import { selectEngine } from './select-engine.ts'

describe('the engine', () => {
  it('is node:crypto on Node alone', () => {
    const node = { versions: { node: '24.21.0' }, getBuiltinModule }
    expect(findNodeModule('node:crypto', { process: node })).toBe(getBuiltinModule('node:crypto'))
    expect(findNodeModule('node:crypto')).toBe(getBuiltinModule('node:crypto'))
    const elsewhere = [
      {},
      { process: {} },
      { process: { versions: { node: '22.1.0' } } },
      { process: { ...node, versions: { node: '24.0.0', bun: '1.3.0' } } },
      { process: { ...node, versions: { node: '24.0.0', deno: '2.5.0' } } },
      { process: node, navigator: { userAgent: 'Cloudflare-Workers' } },
    ]
    for (const surroundings of elsewhere) expect(findNodeModule('node:crypto', surroundings)).toBeUndefined()
  })

  it.each(['bun', '', null, 1, 'Node'])('is not %j', (name) => {
    expect(() => selectEngine(JSON.parse(JSON.stringify(name)) as 'node')).toThrow(TypeError)
  })
})
