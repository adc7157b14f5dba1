/** The test files by their paths. The build puts them here; without it there are none. */
export const files: Readonly<Record<string, () => Promise<unknown>>> = {}
