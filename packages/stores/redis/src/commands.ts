import { StoreUnavailable, type Timer } from '@counterfoil/core'
import { raisesDoubt, replyCode, unavailableFor } from './failure.ts'
import type { Link, Primary } from './link.ts'
import type { Script } from './scripts.ts'

/** What went through the store since it was opened: numbers for metrics. */
export interface RedisCounts {
  /** Commands sent, with those of the watch over lost writes. */
  readonly commands: number
  /** Commands that Redis refused, or did not answer in time. */
  readonly failures: number
  /** How often it showed that Redis has, or may have, lost writes. */
  readonly rollbacks: number
  /** How often the ends of sessions were replayed because of that. */
  readonly repairs: number
}

/** The same, to count with. */
export type Tally = { -readonly [Name in keyof RedisCounts]: RedisCounts[Name] }

/** Sends commands, in scripts where they belong together, and rejects with `StoreUnavailable` only. */
export interface Commands {
  /** All words are made texts here: the driver ends the process over anything else. */
  send(key: string, ...words: readonly (string | number)[]): Promise<unknown>
  run(script: Script, keys: readonly [string, ...string[]], ...args: readonly (string | number)[]): Promise<unknown>
}

/** What sends to one destination. */
type Send = (words: string[]) => Promise<unknown>

/** How long an answer may take. */
export interface Patience {
  readonly timer: Timer
  readonly timeoutMs: number
}

/** What decides whether a connection may be relied on. */
export interface Trust {
  trusts(route: string): boolean
  /** Resolves when this connection has been looked at. @throws {StoreUnavailable} when that takes too long, or is of no use. */
  settle(route: string): Promise<void>
  doubt(route: string): void
}

/** Commands that are sent whatever the watch finds: those of the watch itself, and of a repair. */
export function plainCommands(link: Link, patience: Patience, tally: Tally): Commands {
  return commandsOver((key, words) => ask(() => link.send(key, words), patience, tally))
}

/**
 * Commands that are answered by connections the watch trusts, from before they are sent until after they are answered. An answer
 * of anybody else is thrown away: that one may have forgotten what was acknowledged.
 */
export function guardedCommands(link: Link, patience: Patience, tally: Tally, trust: Trust): Commands {
  return commandsOver(async (key, words) => {
    const before = link.routeOf(key)
    if (!trust.trusts(before)) await trust.settle(before)
    const route = link.routeOf(key)
    if (!trust.trusts(route)) throw new StoreUnavailable('Redis is away, or may have lost writes')
    const reply = await ask(
      () => link.send(key, words),
      patience,
      tally,
      () => trust.doubt(route),
    )
    if (link.routeOf(key) !== route) throw new StoreUnavailable('another server took over while Redis answered')
    return reply
  })
}

/** Runs a script on one primary, whoever has the key by now. */
export function runOn(
  primary: Primary,
  patience: Patience,
  tally: Tally,
  script: Script,
  key: string,
  ...args: readonly string[]
): Promise<unknown> {
  return runBy((words) => ask(() => primary.send(words), patience, tally), script, [key], args)
}

/** Sends one command, and turns whatever goes wrong into `StoreUnavailable`: also an answer that takes too long. */
export async function ask(
  send: () => Promise<unknown>,
  patience: Patience,
  tally: Tally,
  onDoubt?: () => void,
): Promise<unknown> {
  tally.commands++
  try {
    return await hurry(send(), patience)
  } catch (error) {
    // A script that is not there yet is no failure.
    if (replyCode(error) === 'NOSCRIPT') throw error
    tally.failures++
    if (raisesDoubt(error)) onDoubt?.()
    throw unavailableFor(error)
  }
}

/** Nothing came back at all. */
export class NoAnswer extends StoreUnavailable {}

/** What the promise brings, if it does so in time. @throws {StoreUnavailable} if not. */
export function hurry<Thing>(promise: Promise<Thing>, { timer, timeoutMs }: Patience): Promise<Thing> {
  return new Promise((resolve, reject) => {
    const cancel = timer.after(timeoutMs, () => reject(new NoAnswer('Redis did not answer in time')))
    promise.then(
      (thing) => {
        cancel()
        resolve(thing)
      },
      (error: unknown) => {
        cancel()
        reject(error)
      },
    )
  })
}

function commandsOver(send: (key: string, words: string[]) => Promise<unknown>): Commands {
  return {
    send: (key, ...words) => send(key, words.map(String)),
    run: (script, keys, ...args) => runBy((words) => send(keys[0], words), script, keys, args),
  }
}

async function runBy(
  send: Send,
  { sha, text }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args.map(String)]
  try {
    return await send(['EVALSHA', sha, ...rest])
  } catch (error) {
    if (replyCode(error) === 'NOSCRIPT') return send(['EVAL', text, ...rest])
    throw error
  }
}
