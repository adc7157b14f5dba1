import type { DatabaseSync } from 'node:sqlite'
import { prepareArchiveVerbs } from './archive-verbs.ts'
import type { ArchiveVerbs } from './archive-verbs.ts'
import { prepareDatabaseVerbs } from './database-verbs.ts'
import type { DatabaseVerbs } from './database-verbs.ts'
import { prepareLogVerbs } from './log-verbs.ts'
import type { LogVerbs } from './log-verbs.ts'
import { prepareNodeVerbs } from './node-verbs.ts'
import type { NodeVerbs } from './node-verbs.ts'
import { prepareSessionVerbs } from './session-verbs.ts'
import type { SessionVerbs } from './session-verbs.ts'
import { prepareProofVerbs } from './proof-verbs.ts'
import type { ProofVerbs } from './proof-verbs.ts'
import { prepareThrottleVerbs } from './throttle-verbs.ts'
import type { ThrottleVerbs } from './throttle-verbs.ts'

type Verbs = SessionVerbs & DatabaseVerbs & LogVerbs & NodeVerbs & ThrottleVerbs & ProofVerbs & ArchiveVerbs

/** Names a verb that writes. */
export type VerbName = keyof Verbs

/** What each verb is given. */
type Arguments = { [Name in VerbName]: Parameters<Verbs[Name]> }

/** What each verb answers. */
export type Answers = { [Name in VerbName]: ReturnType<Verbs[Name]> }

/** All verbs that write, by name. */
export type VerbTable = { readonly [Name in VerbName]: (...given: Arguments[Name]) => Answers[Name] }

/** One verb with what it is given, as it passes between the threads. */
export type Call<Name extends VerbName = VerbName> = {
  [Each in Name]: readonly [name: Each, given: Arguments[Each]]
}[Name]

/** Prepares all verbs that write. */
export function prepareVerbs(db: DatabaseSync): VerbTable {
  const log = prepareLogVerbs(db)
  return {
    ...prepareSessionVerbs(db),
    ...log,
    ...prepareDatabaseVerbs(db, log.appendRevocations),
    ...prepareNodeVerbs(db),
    ...prepareThrottleVerbs(db),
    ...prepareProofVerbs(db),
    ...prepareArchiveVerbs(db),
  }
}

/** Runs one verb. */
export function perform<Name extends VerbName>(verbs: VerbTable, [name, given]: Call<Name>): Answers[Name] {
  return verbs[name](...given)
}
