/** What the tests of the verifier import from vitest, which does not run in these runtimes. */
export { expect } from './expect.ts'
export { afterEach, beforeEach, describe, it, onTestFinished } from './suite.ts'
