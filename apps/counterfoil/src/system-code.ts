/** The code of an error of the operating system or of Node, such as `ENOENT`; undefined for any other. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
