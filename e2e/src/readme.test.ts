import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeFolder, startServer } from './harness.ts'

const ROOT = join(import.meta.dirname, '../..')

/** The status of each call goes to standard error, where nothing else does: the examples are silent. */
const CURL = `curl() { command curl "$@" -w '%{stderr}%{http_code}\\n'; }`

/** Sign-up; hybrid: in, who, refresh; stateful: in, write, read, list; stateless: in, refresh; end all, and the refresh that fails. */
const EXPECTED = [201, 201, 200, 200, 201, 204, 200, 200, 201, 200, 200, 400]

/** The blocks of shell of a document that call the server. */
function curlBlocks(document: string): string {
  const blocks = [...document.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)
  return blocks.filter((block) => block.includes('curl ')).join('\n')
}

test.each(['README.md', 'README.ko.md'])('every curl example of %s works as printed', async (name) => {
  const examples = curlBlocks(readFileSync(join(ROOT, name), 'utf8'))
  expect(examples).toContain('S=http://localhost:7500\n')
  using folder = makeFolder()
  const server = await startServer({ folder: folder.path })
  try {
    const script = `${CURL}\n${examples.replace('S=http://localhost:7500', `S=${server.url}`)}`
    const { stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
    const statuses = stderr.trim().split('\n').map(Number)
    expect(statuses).toEqual(EXPECTED)
  } finally {
    await server.stop()
  }
})
