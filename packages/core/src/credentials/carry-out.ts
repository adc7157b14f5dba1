import type { Admission } from './throttle.ts'

/**
 * Does what was admitted. What could not be carried out counts against nobody: a store that is away must not turn into
 * "too many attempts" for honest users.
 */
export async function carryOut<Result>(
  admission: Admission & { readonly admitted: true },
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    // Where that cannot be written either, what went wrong first is what the caller must know.
    await admission.settle('undecided').catch(() => undefined)
    throw error
  }
}
