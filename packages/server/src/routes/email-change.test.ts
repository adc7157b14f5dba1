import { describe, expect, it } from 'vitest'
import { Browser, openPages, readText } from '../pages/pages.fixture.ts'
import { PASSWORD, signIn, signUp } from '../server.fixture.ts'

describe('changing the email address', () => {
  const opened = async () => {
    const test = await openPages({ settings: { signUpsPerAddress: 5 } })
    await signUp(test, 'taken@example.com')
    return test
  }
  const form = { email: 'taken@example.com', current_password: PASSWORD }

  it('V6.3.8 tells of a few addresses an hour whether they are taken, then of none', async () => {
    const test = await opened()
    const { token } = await signIn(test, 'stateful')
    const change = (email: string) =>
      test.call({ method: 'PATCH', path: '/account', token, json: { ...form, email }, address: '198.51.100.1' })
    const statuses: number[] = []
    for (let round = 0; round < 7; round++) statuses.push((await change('taken@example.com')).status)
    expect(statuses).toEqual([409, 409, 409, 409, 409, 429, 429])
    const { status, body, headers } = await change('free@example.com')
    expect([status, body['code'], headers['retry-after']]).toEqual([429, 'too_many_attempts', '3600'])
  })

  it('V6.3.8 does the same on its page', async () => {
    const browser = new Browser(await opened())
    await browser.signIn()
    const statuses: number[] = []
    for (let round = 0; round < 7; round++) statuses.push((await browser.visit('/my/account/email', { form })).status)
    expect(new Set(statuses)).toEqual(new Set([409, 429]))
    const { text } = await browser.visit('/my/account/email', { form: { ...form, email: 'free@example.com' } })
    expect(readText(text)).toMatch(/Too many attempts\. You can try again in \d+ \w+\./)
  })
})
