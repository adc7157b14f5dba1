import type { Scenario } from './scenario.ts'
import { DISK_SCENARIOS } from './scenarios/disks.ts'
import { NODE_SCENARIOS } from './scenarios/nodes.ts'
import { POSTGRES_SCENARIOS } from './scenarios/postgres.ts'
import { REDIS_SCENARIOS } from './scenarios/redis.ts'
import type { Profile } from './setting.ts'

const PROFILES: readonly Profile[] = [
  'sqlite',
  'postgres',
  'postgres + redis',
  'postgres + sentinel',
  'postgres + cluster',
]

/** Everything that is made to go wrong, profile by profile. */
export const SCENARIOS: readonly Scenario[] = PROFILES.flatMap((profile) =>
  [...NODE_SCENARIOS, ...POSTGRES_SCENARIOS, ...REDIS_SCENARIOS, ...DISK_SCENARIOS].filter(
    (scenario) => scenario.profile === profile,
  ),
)
