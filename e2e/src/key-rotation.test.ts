import { ROUTES } from '@counterfoil/protocol'
import { expect, test } from 'vitest'
import { begin, heldFrom, refresh, send, whoAmI } from './client.ts'
import { makeFolder, runCommand, startServer, until } from './harness.ts'

function kidOf(token: string): string {
  const [header = ''] = token.split('.')
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }
  return kid
}

async function publishedKids(url: string): Promise<string[]> {
  const { body } = await send(url, ROUTES.jwks)
  return (body['keys'] as { kid: string }[]).map(({ kid }) => kid)
}

test('keys rotate while the server runs: the next is published before it signs, and the old one still verifies', async () => {
  using folder = makeFolder()
  const environment = { COUNTERFOIL_POLICY_KEY_PUBLICATION_SECONDS: '0', COUNTERFOIL_POLICY_KEY_RELOAD_SECONDS: '1' }
  const surroundings = { folder: folder.path, environment }
  const server = await startServer(surroundings)
  const { url } = server
  let held = await begin({ url, email: 'ada@example.com' }, 'hybrid')
  const old = held.bearer
  const published = await publishedKids(url)
  expect(published).toHaveLength(2)

  const { stdout, code } = await runCommand(['keys', 'rotate'], surroundings)
  expect(code).toBe(0)
  const [, kid = '', instant = ''] = /^key (\S+) signs from (\S+)\n$/.exec(stdout) ?? []
  expect(published).toContain(kid)
  expect(kid).not.toBe(kidOf(old))

  const next = await until(async () => {
    held = heldFrom(await refresh(url, held.refreshToken, 'hybrid'))
    return kidOf(held.bearer) === kid ? held.bearer : undefined
  })
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(instant))
  for (const token of [old, next]) expect((await whoAmI(url, token)).status).toBe(200)
  expect(await publishedKids(url)).toEqual(expect.arrayContaining([kidOf(old), kid]))

  const { stdout: table } = await runCommand(['keys', 'list'], surroundings)
  const lineOf = (id: string): string => table.split('\n').find((line) => line.includes(id)) ?? ''
  expect(lineOf(kid)).toContain(' signs ')
  expect(lineOf(kidOf(old))).toContain('retired: verifies only')
  await server.stop()
})
