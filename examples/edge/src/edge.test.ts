import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)

it('a bearer or a cookie outside is a token of its own for each service inside, and ends with its session', async () => {
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, '../dist/main.js')])
  expect(stdout).not.toContain('NOT AS PROMISED')
  for (const audience of ['https://orders.internal', 'https://invoices.internal'])
    expect(stdout.match(new RegExp(`for ${audience}`, 'g'))).toHaveLength(2)
  expect(stdout.match(/401 credential_ended/g)).toHaveLength(2)
})
