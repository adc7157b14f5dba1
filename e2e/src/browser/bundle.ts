import { rolldown } from 'rolldown'

/** A module and all that it imports, as one script for browsers. */
export async function bundle(input: string): Promise<string> {
  // React asks for this, and there is no process in a browser.
  const transform = { define: { 'process.env.NODE_ENV': '"production"' } }
  const built = await rolldown({ input, platform: 'browser', logLevel: 'warn', transform })
  const { output } = await built.generate({ format: 'iife', name: 'page' })
  await built.close()
  return output[0].code
}
