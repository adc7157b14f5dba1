interface Rule {
  readonly matches: RegExp
  /** The runtimes that it holds for, as they name themselves. Default: all. */
  readonly runtimes?: RegExp
  readonly reason: string
}

const RULES: readonly Rule[] = [
  { matches: /\(node\)/, reason: 'the engine `node` is for Node alone' },
  { matches: / on Node (alone|decides at once)/, reason: 'is about Node' },
  {
    matches: /^packages\/verifier\/src\/remote-keys\.test\.ts > keys over HTTP /,
    runtimes: /^Cloudflare-Workers$/,
    reason: 'a worker cannot listen for the verifier beside it; its own checks fetch keys over HTTP',
  },
  {
    matches: /there is no promise|three quarters of their age|may shorten their age|make nobody wait/,
    reason: 'wants the decision about a new token at once, which only the engine `node` has',
  },
]

/** Why the test with this name is left out in this runtime; undefined when it is to run. */
export function reasonToSkip(name: string, runtime: string): string | undefined {
  return RULES.find(({ matches, runtimes }) => matches.test(`${name} `) && (runtimes?.test(runtime) ?? true))?.reason
}

/** Tests that give a server 40 ms for its answer, which a runtime that is still warming up on a busy machine may miss. */
const HURRIED = /^packages\/verifier\/src\/remote-keys\.test\.ts > keys over HTTP > answered with /

/** How often the test with this name is tried before it has failed. */
export function triesOf(name: string): number {
  return HURRIED.test(name) ? 3 : 1
}
