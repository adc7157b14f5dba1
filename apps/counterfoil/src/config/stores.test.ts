import { describe, expect, test } from 'vitest'
import { readDatabase, readSessionStore, showDatabase, showSessionStore } from './stores.ts'

const postgres = (text: string) => readDatabase(text, 'database', '/srv/data')
const redis = (text: string) => readSessionStore(text, 'session_store')

describe('a PostgreSQL database', () => {
  test('is taken as the driver takes it', () => {
    const url = 'postgres://ada:hunter2@[::1]:5433/auth?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem'
    expect(postgres(url)).toEqual({ kind: 'postgres', url })
    expect(postgres('postgresql://%2Frun%2Fpostgresql/auth')).toMatchObject({ kind: 'postgres' })
    expect(postgres('postgres:///auth?host=/run/postgresql')).toMatchObject({ kind: 'postgres' })
  })

  test.each(['require', 'prefer', 'verify-ca'])('certificates are verified with sslmode=%s too', (mode) => {
    expect(postgres(`postgres://db/auth?sslmode=${mode}`)).toMatchObject({
      url: 'postgres://db/auth?sslmode=verify-full',
    })
  })

  test('is shown without its password', () => {
    const shown = showDatabase(postgres('postgres://ada:h%40nter2@db:5433/auth?sslmode=no-verify'))
    expect(shown).toBe('postgres://ada:********@db:5433/auth?sslmode=no-verify')
    expect(showDatabase(postgres('postgres://ada@db/auth'))).toBe('postgres://ada@db/auth')
  })
})

describe('a Redis', () => {
  const none = { user: undefined, password: undefined, sentinelUser: undefined, sentinelPassword: undefined }

  test('can be one server, with a user, a password and a number', () => {
    expect(redis('rediss://ada:h%40nter2@r.example.com:6380/3')).toEqual({
      ...none,
      kind: 'redis',
      layout: 'single',
      nodes: [{ host: 'r.example.com', port: 6380 }],
      isEncrypted: true,
      user: 'ada',
      password: 'h@nter2',
      database: 3,
      primary: undefined,
    })
    expect(redis('redis://r')).toMatchObject({ isEncrypted: false, nodes: [{ host: 'r', port: 6379 }], database: 0 })
  })

  test('can be a cluster of which some nodes are named', () => {
    expect(redis('redis+cluster://:hunter2@a:7001,[::1]:7002,c')).toMatchObject({
      layout: 'cluster',
      password: 'hunter2',
      nodes: [
        { host: 'a', port: 7001 },
        { host: '::1', port: 7002 },
        { host: 'c', port: 6379 },
      ],
    })
  })

  test('can be found by its sentinels, which may ask for a password of their own', () => {
    expect(redis('rediss+sentinel://:one@a,b:26380/main/2?sentinel_user=s&sentinel_password=two')).toMatchObject({
      layout: 'sentinel',
      isEncrypted: true,
      primary: 'main',
      database: 2,
      password: 'one',
      sentinelUser: 's',
      sentinelPassword: 'two',
      nodes: [
        { host: 'a', port: 26379 },
        { host: 'b', port: 26380 },
      ],
    })
  })

  test.each(['valkey://r', 'valkeys://r', 'valkey+cluster://a,b', 'valkeys+sentinel://a/n'])(
    'may be called by its other name: %s',
    (text) => {
      expect(redis(text)).toEqual(redis(text.replace('valkey', 'redis')))
    },
  )

  test.each([
    ['redis://ada:hunter2@r:6380/3', 'redis://ada:********@r:6380/3'],
    ['rediss+cluster://:hunter2@a,[::1]:7', 'rediss+cluster://:********@a:6379,[::1]:7'],
    ['redis+sentinel://a/n/1?sentinel_password=hunter2', 'redis+sentinel://a:26379/n/1?sentinel_password=********'],
    ['redis://r', 'redis://r:6379'],
    ['database', 'database'],
  ])('%s is shown without its passwords', (text, shown) => {
    expect(showSessionStore(redis(text))).toBe(shown)
  })
})
