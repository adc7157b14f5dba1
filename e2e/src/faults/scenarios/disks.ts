import type { PostgresServer } from '@counterfoil/testbed'
import { fillDisk, lacksCompiler, lacksMounts } from '../disks.ts'
import { must, pause, type Scenario } from '../scenario.ts'

/** PostgreSQL gives up when it cannot write, or stays in a recovery that has failed; whoever runs it starts it again when there is a disk. */
async function revive(postgres: PostgresServer): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    await pause(100)
    if (await isUp(postgres)) return
  }
  await postgres.stop('immediate')
  await postgres.start()
}

function isUp(postgres: PostgresServer): Promise<boolean> {
  return postgres.query('SELECT 1').then(
    () => true,
    () => false,
  )
}

const fillPostgres: Scenario['strike'] = async ({ postgres }) => {
  const giveBack = fillDisk(must(postgres).folder)
  await pause(4000)
  giveBack()
  await revive(must(postgres))
  return {}
}

const failPostgres: Scenario['strike'] = async ({ postgres, faultyDisk }) => {
  must(faultyDisk).fail()
  await pause(3000)
  must(faultyDisk).heal()
  await revive(must(postgres))
  return {}
}

const fillNode: Scenario['strike'] = async ({ nodes }) => {
  const giveBack = fillDisk(must(nodes[0]).folder)
  await pause(4000)
  giveBack()
  return {}
}

const failNode: Scenario['strike'] = async ({ faultyDisk }) => {
  must(faultyDisk).fail()
  await pause(3000)
  must(faultyDisk).heal()
  return {}
}

/** Disks that are full, or do not keep what they are told to. */
export const DISK_SCENARIOS: readonly Scenario[] = [
  {
    name: 'full disk',
    profile: 'sqlite',
    isQuick: true,
    options: { disk: 'small' },
    lacks: lacksMounts,
    strike: fillNode,
  },
  {
    name: 'fsync fails for 3 s',
    profile: 'sqlite',
    options: { disk: 'faulty' },
    lacks: lacksCompiler,
    strike: failNode,
  },
  {
    name: 'full disk under PostgreSQL',
    profile: 'postgres',
    options: { disk: 'small' },
    lacks: lacksMounts,
    strike: fillPostgres,
  },
  {
    name: 'fsync under PostgreSQL fails for 3 s',
    profile: 'postgres',
    options: { disk: 'faulty' },
    lacks: lacksCompiler,
    strike: failPostgres,
  },
]
