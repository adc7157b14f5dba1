import { lifetimesOf } from '../applications/lifetimes.ts'
import type { Policy } from '../policy.ts'
import type { Database } from '../stores/database.ts'
import type { KeyTimes } from './key-schedule.ts'
import type { KeyPurpose } from './stored-key.ts'

/** The schedule of keys under this policy: a retired key stays as long as the longest-lived token of any application. */
export async function keyTimes(database: Database, policy: Policy): Promise<Readonly<Record<KeyPurpose, KeyTimes>>> {
  const applications = await database.listApplications()
  const longest = (lives: readonly number[]): number => Math.max(0, ...lives) + policy.leewaySeconds * 1000
  const absolute = applications.map((application) => lifetimesOf(application, policy).absoluteMs)
  const defaults = [policy.hybridAbsoluteSeconds, policy.statefulAbsoluteSeconds].map((seconds) => seconds * 1000)
  const signed = applications.map((application) => {
    const { accessTokenMs, absoluteMs } = lifetimesOf(application, policy)
    return application.strategy === 'stateless' ? absoluteMs : accessTokenMs
  })
  const common = { publicationMs: policy.keyPublicationSeconds * 1000, reloadMs: policy.keyReloadSeconds * 1000 }
  return {
    jwt: {
      ...common,
      rotationMs: policy.signingKeyRotationSeconds * 1000,
      longestTokenMs: longest([...signed, policy.statelessRefreshSeconds * 1000, policy.upstreamTokenSeconds * 1000]),
    },
    opaque: {
      ...common,
      rotationMs: policy.opaqueKeyRotationSeconds * 1000,
      longestTokenMs: longest([...absolute, ...defaults]),
    },
  }
}
