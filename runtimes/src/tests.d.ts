/** What the build puts in its place: the test files by their paths. */
declare module 'tests' {
  export const files: Readonly<Record<string, () => Promise<unknown>>>
}
