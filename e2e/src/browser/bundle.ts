import { rolldown } from 'rolldown'

/** A module and all that it imports, as one script for browsers. */
export async function bundle(input: string): Promise<string> {
  const built = await rolldown({ input, platform: 'browser', logLevel: 'warn' })
  const { output } = await built.generate({ format: 'iife' })
  await built.close()
  return output[0].code
}
