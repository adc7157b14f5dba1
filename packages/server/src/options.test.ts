import { describe, expect, it } from 'vitest'
import { application, openServer } from './server.fixture.ts'

describe('a server', () => {
  it.each([
    'http://auth.example.com',
    'ftp://auth.example.com',
    'nonsense',
    'https://auth.example.com/',
    'https://auth.example.com/?a=b',
    'https://auth.example.com#x',
    'https://user@auth.example.com',
    'https://AUTH.example.com',
    'https://auth.example.com:443',
  ])('RFC 8414 2 is not made for the issuer %s', async (issuer) => {
    await expect(openServer({ issuer })).rejects.toThrow(TypeError)
  })

  it.each([
    { applications: [] },
    { applications: [application('hybrid'), application('hybrid')] },
    { applications: [application('hybrid', { id: 'with space' })] },
    { applications: [application('hybrid', { origins: ['https://app.example.com/'] })] },
    { applications: [application('hybrid', { origins: ['*'] })] },
    { applications: [application('hybrid', { lifetimes: { idleSeconds: 100, absoluteSeconds: 50 } })] },
    {
      verifiers: [
        { name: 'a', key: 'x' },
        { name: 'b', key: 'x' },
      ],
    },
    {
      verifiers: [
        { name: 'a', key: 'x' },
        { name: 'a', key: 'y' },
      ],
    },
    { verifiers: [{ name: 'a', key: '' }] },
    { trustedProxies: ['everybody'] },
    { gatewayOrigins: ['https://api.example.com/'] },
    { gatewayOrigins: ['https://api.example.com:443'] },
    { gatewayOrigins: ['https://api.example.com', 'api.example.com'] },
    { gatewayOrigins: ['ftp://api.example.com'] },
    { gatewayOrigins: ['null'] },
  ])('is not made with %j', async (options) => {
    await expect(openServer(options)).rejects.toThrow(TypeError)
  })

  it('is made for an issuer with a path, and for the loopback without TLS', async () => {
    for (const issuer of [
      'https://example.com/auth',
      'http://localhost:7500',
      'http://127.0.0.1:7500',
      'http://[::1]:7500',
    ]) {
      const { server } = await openServer({ issuer })
      await server.close()
    }
  })
})
