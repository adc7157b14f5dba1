import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeFolder, startServer, type RunningServer } from '../harness.ts'

const README = fileURLToPath(new URL('../../../packages/client/README.md', import.meta.url))
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const run = promisify(execFile)

let server: RunningServer
const folder = makeFolder()

beforeAll(async () => {
  server = await startServer({ folder: folder.path })
})
afterAll(async () => {
  await server.stop('SIGKILL')
  folder[Symbol.dispose]()
})

it('the first example of the client works as the page says, in ten lines, twice: in a file of the repository, against a server without any configuration', async () => {
  const page = readFileSync(README, 'utf8')
  const [, example = ''] = /```(?:ts|js)\n([\s\S]*?)```/.exec(page) ?? []
  expect(example).toContain("'http://localhost:7500'")
  expect(page).toContain('save this as `try.mjs` in the folder of the repository, and run `npx node try.mjs`')
  expect(example.trim().split('\n').length).toBeLessThanOrEqual(10)
  // Somebody may have a try.mjs there.
  const file = join(ROOT, `try-${randomUUID()}.mjs`)
  writeFileSync(file, example.replaceAll('http://localhost:7500', server.url))
  try {
    for (const told of [[], ['email_taken']]) {
      const { stdout, stderr } = await run('npx', ['node', file], { cwd: ROOT, timeout: 20_000 })
      expect(stderr).toBe('')
      const lines = ['unknown', 'signed-out', ...told, 'signed-in', '{', '}', 'signed-out']
      expect(stdout.match(/^\S+$/gm)).toEqual(lines)
      expect(stdout).toContain(`device_label: "Ada's laptop"`)
    }
  } finally {
    rmSync(file)
  }
})
