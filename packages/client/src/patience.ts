import type { Environment } from './environment.ts'

/** Aborts after so long. React Native and browsers before 2022 have no signal for that. */
export function patience(ms: number, { wait }: Pick<Environment, 'wait'>): AbortSignal {
  if ('timeout' in AbortSignal) return AbortSignal.timeout(ms)
  const controller = new AbortController()
  void wait(ms).then(() => controller.abort())
  return controller.signal
}
