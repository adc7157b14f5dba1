import { expect, test } from 'vitest'
import { readConfiguration, type Configuration } from '../config/configuration.ts'
import { welcome, whatToTry } from './welcome.ts'

function read(text: string): Configuration {
  return readConfiguration({ file: { name: 'c.toml', text }, environment: {}, directory: '/srv' })
}

test('the first words say where it listens, where the data is, which applications there are and what to try', () => {
  const words = welcome(read(''), '1.2.3')
  expect(words).toContain('Counterfoil 1.2.3 is ready.')
  expect(words).toMatch(/Listens on +127\.0\.0\.1:7500/)
  expect(words).toMatch(/Data +\/srv\/data\/counterfoil\.db/)
  expect(words).toMatch(/Secret +\/srv\/data\/secret/)
  expect(words).toMatch(/Applications +stateless, stateful, hybrid/)
  expect(words).toMatch(/In a browser +http:\/\/localhost:7500\/sign-in\n\nTry it/)
  expect(words).toContain('curl http://localhost:7500/sessions')
})

test('where there are no pages, none are named', () => {
  const words = welcome(read('[pages]\nenabled = false'), '1.2.3')
  expect(words).not.toContain('In a browser')
  expect(words).toMatch(/docs\n\nTry it/)
})

test('a given secret is named by its source and not shown', () => {
  const words = welcome(read('secret = "a-secret-of-thirty-two-characters"'), '1.2.3')
  expect(words).toMatch(/Secret +c\.toml\n/)
  expect(words).not.toContain('a-secret-of')
})

test('what to try goes to where this machine reaches the server', () => {
  const [signUp] = whatToTry(read('issuer = "https://auth.example.com"\nlisten = "0.0.0.0:8000"'))
  expect(signUp).toMatch(/^curl http:\/\/localhost:8000\/accounts /)
  const [local] = whatToTry(read('issuer = "https://auth.example.com"\nlisten = "[::1]:8000"'))
  expect(local).toMatch(/^curl -g 'http:\/\/\[::1\]:8000\/accounts' /)
})

test('what to try names an application that there is, a hybrid one first', () => {
  const application = (id: string, strategy: string): string =>
    `[[applications]]\nid = "${id}"\nstrategy = "${strategy}"\n`
  const [, signIn] = whatToTry(read(application('a', 'stateful') + application('b', 'hybrid')))
  expect(signIn).toContain('"client_id":"b"')
})

test('where sign-up is closed, the command line adds the account', () => {
  const [add] = whatToTry(read('sign_up = "closed"'))
  expect(add).toMatch(/counterfoil accounts add ada@example\.com --password-stdin$/)
})
