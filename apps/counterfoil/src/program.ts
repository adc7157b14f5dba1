import { Command, InvalidArgumentError } from 'commander'
import { isLoopback } from './config/network.ts'
import { toOneLine } from './config/quoting.ts'
import { readVersion } from './version.ts'

const EXAMPLES = `
Examples:
  $ counterfoil serve                              start with data in ./data, on http://localhost:7500
  $ counterfoil serve --config counterfoil.toml    start with the settings of a file
  $ counterfoil check-config                       show what is in force, and where it comes from
  $ counterfoil accounts add ada@example.com --role support
  $ counterfoil keys rotate                        let the next signing key take over soon
  $ counterfoil verifiers add orders --config counterfoil.toml
  $ counterfoil gateway --config gateway.toml
  $ counterfoil migrate --from old.toml --to new.toml
  $ counterfoil drill --issuer https://auth.example.com --client-id hybrid

Each setting can come from a variable too, such as COUNTERFOIL_LISTEN; variables win over the file.`

/** The command line. Each command loads its parts when it is called, so that help and mistakes are answered quickly. */
export function createProgram(): Command {
  const program = new Command('counterfoil')
    .description('Session server: sign in once, verify anywhere without asking, sign out everywhere within a bound.')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .helpCommand('help [command]', 'print help for a command')
    .addHelpText('after', EXAMPLES)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`${toMistake(text)}\n`) })
  addServing(program)
  addKeys(program)
  addAccounts(program)
  addVerifiers(program)
  addGateway(program)
  addMigrate(program)
  addDrill(program)
  return program
}

/** What commander says about a mistake, on one line and as our own. */
function toMistake(text: string): string {
  const line = text.trim().replaceAll(/\s*\n\s*/g, ' ')
  return toOneLine(line.replace(/^error:/, 'counterfoil:'))
}

function configurable(command: Command): Command {
  return command.option('--config <file>', 'a TOML file with settings')
}

function addServing(program: Command): void {
  configurable(program.command('serve'))
    .description('serve until stopped')
    .action(async (options) => (await import('./commands/serve.ts')).serve(options))
  configurable(program.command('check-config'))
    .description('print the settings that are in force, and where each comes from')
    .action(async (options) => (await import('./commands/check-config.ts')).checkConfig(options))
}

function addGateway(program: Command): void {
  program
    .command('gateway')
    .description('pass requests on to services, with a verified identity; SIGHUP reads the configuration again')
    .requiredOption('--config <file>', 'a TOML file with routes')
    .action(async (options) => (await import('./commands/gateway.ts')).gateway(options))
}

function addKeys(program: Command): void {
  const keys = program.command('keys').description('look at signing keys, rotate them, take one out of use')
  configurable(keys.command('list'))
    .description('print the keys, and which of them signs')
    .action(async (options) => (await import('./commands/keys.ts')).listKeys(options))
  configurable(keys.command('kill'))
    .argument('<key>')
    .description('take a stolen signing key out of use at once, with every token that it signed')
    .action(async (key, options) => (await import('./commands/keys.ts')).killKey(key, options))
  configurable(keys.command('rotate'))
    .description('let the next signing key take over as soon as every verifier can know it')
    .action(async (options) => (await import('./commands/keys.ts')).rotateKeys(options))
}

function addVerifiers(program: Command): void {
  const verifiers = program.command('verifiers').description('let services follow the log of revocations')
  configurable(verifiers.command('add'))
    .argument('<name>')
    .description('make a key for a service that verifies; with --config it is written into that file')
    .action(async (name, options) => (await import('./commands/verifiers.ts')).addVerifier(name, options))
}

function addAccounts(program: Command): void {
  const accounts = program.command('accounts').description('add, disable and enable accounts')
  const collect = (role: string, roles: readonly string[] = []): readonly string[] => [...roles, role]
  configurable(accounts.command('add'))
    .argument('<email>')
    .description('add an account; asks for its password')
    .option('--name <name>', 'what the person is called')
    .option('--role <role>', 'a role that it has; may be given several times', collect)
    .option('--password-stdin', 'read the password from standard input')
    .action(async (email, options) => (await import('./commands/accounts.ts')).addAccount(email, options))
  configurable(accounts.command('disable'))
    .argument('<email>')
    .description('keep an account from signing in, and end its sessions')
    .action(async (email, options) => (await import('./commands/accounts.ts')).disableAccount(email, options))
  configurable(accounts.command('enable'))
    .argument('<email>')
    .description('let an account sign in again; what had ended stays ended')
    .action(async (email, options) => (await import('./commands/accounts.ts')).enableAccount(email, options))
}

function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('copy all data to other stores, signing nobody out; goes on where it was when it was stopped')
    .requiredOption('--from <file>', 'the configuration of the data that is there')
    .requiredOption('--to <file>', 'the configuration under which it is to be used')
    .option('--dry-run', 'count what would be copied, and write nothing')
    .action(async (options) => (await import('./commands/migrate.ts')).migrate(options))
}

function addDrill(program: Command): void {
  const collect = (url: string, urls: readonly string[] = []): readonly string[] => [...urls, readUrl(url)]
  program
    .command('drill')
    .description(
      'measure on a live installation how long a revoked session is still accepted, and compare that with the bound',
    )
    .requiredOption('--issuer <url>', 'the installation', readUrl)
    .requiredOption('--client-id <id>', 'an application that hands its credentials over')
    .option(
      '--probe <url>',
      'a probe route of a verifier; may be given several times (default: /verify of the issuer)',
      collect,
    )
    .option('--rounds <number>', 'how many sessions to revoke', readCount, 20)
    .option(
      '--lease-seconds <number>',
      'reckon the bound from this lease, not from what the server promises',
      readCount,
    )
    .option('--email <email>', 'an account that is there; without it one is made, and removed at the end')
    .option('--password-stdin', 'read the password of that account from standard input')
    .action(async (options) => (await import('./commands/drill.ts')).drill(options))
}

/** Credentials go there: nobody on the way may read them. */
function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
  if (!isSafe || url.username !== '' || url.password !== '')
    throw new InvalidArgumentError('It must be an https URL, or http on the loopback.')
  return text
}

function readCount(text: string): number {
  const count = Number(text)
  if (!/^\d{1,6}$/.test(text) || count < 1) throw new InvalidArgumentError('It must be a whole number from 1 on.')
  return count
}
