import { beforeEach, describe, expect, it, vi } from 'vitest'
import { happened, openBench, ORIGIN, PASSWORD, sessionTokenOf, signIn, STATEFUL, type Bench } from '../auth.fixture.ts'
import type { Caller } from '../sessions/caller.ts'
import { createMemoryStores, type MemoryStores } from '../stores/memory/stores.ts'
import { StoreUnavailable } from '../stores/unavailable.ts'

let stores: MemoryStores
let bench: Bench
beforeEach(async () => {
  stores = createMemoryStores()
  bench = await openBench(stores, { signUpsPerAddress: 4 })
})

async function callerOf(email: string): Promise<Caller> {
  return happened(await bench.auth.recogniseSessionToken(sessionTokenOf(await signIn(bench, STATEFUL, email))))
}

describe('changing the email address', () => {
  const change = (caller: Caller, email: string, address = '198.51.100.1', currentPassword = PASSWORD) =>
    bench.auth.changeAccount(caller, { email, currentPassword }, { ...ORIGIN, address })

  it('V6.3.8 tells of a few addresses an hour whether they are taken, whatever address the account asks from', async () => {
    await callerOf('taken@example.com')
    const caller = await callerOf('ada@example.com')
    for (let round = 0; round < 4; round++)
      expect(await change(caller, 'taken@example.com', `198.51.100.${round}`)).toMatchObject({ refused: 'email_taken' })
    for (const email of ['taken@example.com', 'free@example.com'])
      expect(await change(caller, email, '198.51.100.9')).toMatchObject({
        refused: 'too_many_attempts',
        retryAfterMs: 3_600_000,
      })
    bench.clock.forward(3600)
    happened(await change(caller, 'free@example.com'))
  })

  it('V6.3.8 tells no more of them to several accounts at one address', async () => {
    const callers = [await callerOf('ada@example.com'), await callerOf('eve@example.com')]
    for (const caller of callers)
      for (let round = 0; round < 2; round++) await change(caller, `new${round}@example.com`)
    for (const caller of callers)
      expect(await change(caller, 'other@example.com')).toMatchObject({ refused: 'too_many_attempts' })
  })

  it('is not counted where nothing was told: after a wrong password, or while the store is away', async () => {
    const caller = await callerOf('ada@example.com')
    for (let round = 0; round < 6; round++) await change(caller, 'new@example.com', '198.51.100.1', 'wrong')
    const away = vi.spyOn(stores.database, 'changeAccount').mockRejectedValue(new StoreUnavailable('away'))
    for (let round = 0; round < 6; round++)
      await expect(change(caller, 'new@example.com')).rejects.toThrow(StoreUnavailable)
    away.mockRestore()
    happened(await change(caller, 'new@example.com'))
  })
})
