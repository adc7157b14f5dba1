import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ServerProcess } from '@counterfoil/testbed'
import { COMMAND } from '../harness.ts'
import { LEASE_SECONDS, VERIFIER_KEY } from './setting.ts'

/** Where a gateway stands. */
export interface Surroundings {
  readonly folder: string
  readonly port: number
  readonly issuerPort: number
  readonly servicePort: number
  /** The issuer, as it stands in tokens. */
  readonly issuer: string
}

/** What a gateway may not be able to do, each with the reason. */
export interface Gaps {
  readonly cookies?: string
  readonly revocation?: string
  readonly cannotTell?: string
  readonly refreshTokens?: string
  readonly roles?: string
  readonly openRoutes?: string
  readonly proofs?: string
  readonly nonces?: string
}

/** A gateway of some make, started as its configuration in `examples/gateways` says. */
export interface Subject {
  readonly name: string
  /** Undefined: it needs nothing besides this repository. */
  readonly program: string | undefined
  readonly debian: string
  /** How long after a sign-out it may still let in, in milliseconds. */
  readonly boundMs: number
  readonly signing: 'EdDSA' | 'ES256'
  readonly gaps: Gaps
  readonly start: (surroundings: Surroundings) => ServerProcess
}

const EXAMPLES = join(import.meta.dirname, '../../../examples/gateways')

/** The file that is shipped, with its addresses led elsewhere and nothing else changed; where it is now. */
function adapt(name: string, { folder, port, issuerPort, servicePort, issuer }: Surroundings): string {
  const text = readFileSync(join(EXAMPLES, name), 'utf8')
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`)
    .replaceAll('http://:8080', `http://:${port}`)
    .replaceAll('/run/counterfoil-verdicts', join(folder, 'verdicts'))
    .replaceAll('127.0.0.1:7500', `127.0.0.1:${issuerPort}`)
    .replaceAll('127.0.0.1:7600', `127.0.0.1:${servicePort}`)
    .replaceAll('https://auth.example.com', issuer)
  const path = join(folder, name.replaceAll('/', '-'))
  writeFileSync(path, text)
  return path
}

/** Debian's nginx wants to write to places of its own. */
function startNginx(name: string, surroundings: Surroundings): ServerProcess {
  const path = adapt(name, surroundings)
  const { folder } = surroundings
  const own = ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((each) => {
    const directive = each === 'body' ? 'client_body' : each
    return `${directive}_temp_path ${folder}/${each};`
  })
  const text = readFileSync(path, 'utf8').replace('http {', `http {\n${own.join('\n')}`)
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  writeFileSync(
    path,
    `${user}\ndaemon off;\npid ${folder}/nginx.pid;\nworker_processes 1;\nerror_log stderr error;\n${text}`,
  )
  return new ServerProcess({
    command: '/usr/sbin/nginx',
    args: ['-p', folder, '-c', path, '-e', 'stderr'],
    orphanSignal: 'SIGTERM',
  })
}

function startHaproxy(name: string, surroundings: Surroundings): ServerProcess {
  const { folder } = surroundings
  const path = adapt(name, surroundings)
  const lua = adapt('haproxy/verify.lua', surroundings)
  const text = readFileSync(path, 'utf8').replace('lua-load verify.lua', `lua-load ${lua}`)
  writeFileSync(path, text.replace('"issuer.pem"', `"${join(folder, 'issuer.pem')}"`))
  return new ServerProcess({ command: '/usr/sbin/haproxy', args: ['-db', '-f', path] })
}

const UNLIKE_A_SERVER = 'it verifies access tokens alone, and asks nobody'

/** What is tested: each as it is shipped. */
const SUBJECTS: readonly Subject[] = [
  {
    name: 'nginx auth_request',
    program: '/usr/sbin/nginx',
    debian: 'nginx-light',
    boundMs: 0,
    signing: 'EdDSA',
    gaps: {},
    start: (surroundings) => startNginx('nginx/auth-request.conf', surroundings),
  },
  {
    name: 'nginx auth_request with a cache',
    program: '/usr/sbin/nginx',
    debian: 'nginx-light',
    boundMs: 5000,
    signing: 'EdDSA',
    gaps: {},
    start: (surroundings) => startNginx('nginx/auth-request-cached.conf', surroundings),
  },
  {
    name: 'HAProxy with a sub-request',
    program: '/usr/sbin/haproxy',
    debian: 'haproxy',
    boundMs: 0,
    signing: 'EdDSA',
    gaps: {},
    start: (surroundings) => startHaproxy('haproxy/sub-request.cfg', surroundings),
  },
  {
    name: 'HAProxy jwt_verify',
    program: '/usr/sbin/haproxy',
    debian: 'haproxy',
    boundMs: Infinity,
    signing: 'ES256',
    gaps: {
      cookies: UNLIKE_A_SERVER,
      revocation: UNLIKE_A_SERVER,
      cannotTell: UNLIKE_A_SERVER,
      roles: 'its JSON queries read no lists',
      proofs: 'it checks none, and takes no token that is bound to a key',
    },
    start: (surroundings) => startHaproxy('haproxy/jwt-verify.cfg', surroundings),
  },
  {
    name: 'Caddy forward_auth',
    program: '/usr/bin/caddy',
    debian: 'caddy',
    boundMs: 0,
    signing: 'EdDSA',
    gaps: {},
    start: (surroundings) =>
      new ServerProcess({
        command: '/usr/bin/caddy',
        args: ['run', '--adapter', 'caddyfile', '--config', adapt('caddy/Caddyfile', surroundings)],
        env: { HOME: surroundings.folder, XDG_DATA_HOME: surroundings.folder, XDG_CONFIG_HOME: surroundings.folder },
      }),
  },
  {
    name: 'counterfoil gateway',
    program: undefined,
    debian: '',
    boundMs: LEASE_SECONDS * 1000 + 10,
    signing: 'EdDSA',
    gaps: {
      openRoutes: 'on a public route it passes on what the client sent',
      nonces: 'it gives none: a client whose clock is wrong goes by the Date of an answer',
    },
    start: startOurs,
  },
]

function startOurs({ folder, port, issuerPort, servicePort, issuer }: Surroundings): ServerProcess {
  const path = join(folder, 'gateway.toml')
  const route = (name: string, at: string, access: string): string =>
    `[[routes]]\nname = "${name}"\npath = "${at}"\naccess = "${access}"\nupstreams = ["http://127.0.0.1:${servicePort}"]\n`
  writeFileSync(
    path,
    `issuer = "${issuer}"
issuer_address = "http://localhost:${issuerPort}"
listen = "127.0.0.1:${port}"
public_url = "http://localhost:${port}"
verifier_key = "${VERIFIER_KEY}"
access_log = "off"
${route('protected', '/', 'authenticated')}${route('open', '/open', 'public')}`,
  )
  return new ServerProcess({ command: process.execPath, args: [COMMAND, 'gateway', '--config', path] })
}

/** Why it cannot be tested here; undefined where it can. Where tests have to prove something, what they need must be there. */
function lacks({ program, debian }: Subject): string | undefined {
  if (program === undefined || existsSync(program) || process.env['CI'] === 'true') return undefined
  return `there is no ${program} (Debian: ${debian})`
}

/** Those that can be tested here. What cannot is said aloud. */
export function subjectsHere(): readonly Subject[] {
  return SUBJECTS.filter((subject) => {
    const reason = lacks(subject)
    if (reason !== undefined) console.warn(`SKIPPED: ${subject.name} is not tested here: ${reason}`)
    return reason === undefined
  })
}
