import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { expect, it } from 'vitest'

const MOST_BYTES = 8000

it('is at most 8 kB in a bundle, with proof of possession and what it takes from the protocol, minified and gzipped', async () => {
  const bundle = await rolldown({ input: join(import.meta.dirname, 'index.ts'), platform: 'browser' })
  const comments = { annotation: false, jsdoc: false, legal: false }
  const { output } = await bundle.generate({ format: 'esm', minify: true, comments })
  const [{ code }] = output
  const bytes = gzipSync(code, { level: 9 }).length
  process.stdout.write(`@counterfoil/client: ${bytes} bytes gzipped, ${code.length} minified\n`)
  expect(output).toHaveLength(1)
  expect(bytes).toBeLessThanOrEqual(MOST_BYTES)
})

it('depends on nothing but the protocol', () => {
  const { dependencies } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>
  }
  expect(Object.keys(dependencies)).toEqual(['@counterfoil/protocol'])
})

it.each(['react', 'vue', 'store'])('the binding for %s has at most 60 lines', (name) => {
  const text = readFileSync(join(import.meta.dirname, `bindings/${name}.ts`), 'utf8')
  expect(text.split('\n').length).toBeLessThanOrEqual(60)
})
