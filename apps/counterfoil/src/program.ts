import { Command } from 'commander'
import { toOneLine } from './config/quoting.ts'
import { readVersion } from './version.ts'

const EXAMPLES = `
Examples:
  $ counterfoil serve                              start with data in ./data, on http://localhost:7500
  $ counterfoil serve --config counterfoil.toml    start with the settings of a file
  $ counterfoil check-config                       show what is in force, and where it comes from
  $ counterfoil accounts add ada@example.com --role support
  $ counterfoil keys rotate                        let the next signing key take over soon

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

function addKeys(program: Command): void {
  const keys = program.command('keys').description('look at signing keys and rotate them')
  configurable(keys.command('list'))
    .description('print the keys, and which of them signs')
    .action(async (options) => (await import('./commands/keys.ts')).listKeys(options))
  configurable(keys.command('rotate'))
    .description('let the next signing key take over as soon as every verifier can know it')
    .action(async (options) => (await import('./commands/keys.ts')).rotateKeys(options))
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
