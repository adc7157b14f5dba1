import { median, type SuiteResult } from './finding.ts'
import { startCounterfoil } from './counterfoil.ts'

/** From an empty folder to the first answered sign-in. */
export async function benchStart(quick: boolean): Promise<SuiteResult> {
  const seconds: number[] = []
  for (let round = 0; round < (quick ? 2 : 7); round++) {
    const began = performance.now()
    const counterfoil = await startCounterfoil()
    const { access_token: token } = await counterfoil.signIn('hybrid')
    seconds.push((performance.now() - began) / 1000)
    await counterfoil.stop()
    if (token === undefined) throw new Error('the sign-in was not answered')
  }
  const finding = { what: 'empty folder to first answered sign-in', unit: 's', ours: median(seconds) }
  return {
    title: 'Start-up',
    findings: [{ ...finding, peer: 'target', theirs: 2, target: 1, lowerIsBetter: true }],
    remarks: ['Includes making keys and the database, one sign-up and one sign-in: two Argon2id hashes.'],
  }
}
