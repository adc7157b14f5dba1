import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeFolder, startServer, type RunningServer } from '../harness.ts'

const README = fileURLToPath(new URL('../../../packages/client/README.md', import.meta.url))
const HERE = fileURLToPath(new URL('../..', import.meta.url))
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

it('the first example of the client works as printed against a server without any configuration, in ten lines', async () => {
  const [, example = ''] = /```(?:ts|js)\n([\s\S]*?)```/.exec(readFileSync(README, 'utf8')) ?? []
  expect(example).toContain("'http://localhost:7500'")
  expect(example.trim().split('\n').length).toBeLessThanOrEqual(10)
  const code = example.replaceAll('http://localhost:7500', server.url)
  const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', code], {
    cwd: HERE,
    timeout: 20_000,
  })
  expect(stderr).toBe('')
  expect(stdout.match(/^\S+$/gm)).toEqual(['unknown', 'signed-out', 'signed-in', '{', '}', 'signed-out'])
  expect(stdout).toContain(`device_label: "Ada's laptop"`)
})
