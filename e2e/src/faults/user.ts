import { ROUTES } from '@counterfoil/protocol'
import { Caller, type Called, type CallerParts } from './caller.ts'
import { Device, type ApplicationName } from './device.ts'
import type { Dice } from './dice.ts'
import { isToldEnded, isUncertain, succeeded } from './history.ts'

/** What a user is made of. */
export interface UserParts extends CallerParts {
  /** Whether the user is still to do something new. */
  readonly isBusy: () => boolean
}

const NAMES: readonly ApplicationName[] = ['hybrid', 'hybrid', 'stateful', 'spa', 'pages']
const MOST_DEVICES = 3
/** Ended sessions whose credentials are tried once more when all is over. */
const MOST_KEPT = 12
const PAUSE_MS = 30
/** When all is healed, there is an answer within this time. */
const RECOVERY_MS = 30_000
/** So often something is tried again until there is an answer: longer than any fault lasts. */
const MOST_TRIES = 60

/**
 * A user with an account of their own and several devices, whose clients ask any node, try again when they get no answer, and end their sessions in
 * every way. Now and then somebody presents a token of theirs that was spent long ago.
 */
export class User {
  readonly name: string
  readonly #dice: Dice
  readonly #caller: Caller
  readonly #isBusy: () => boolean
  readonly #devices: Device[] = []
  readonly #ended: Device[] = []
  #passwords = 0
  #password = 0
  #accountId: string | undefined

  constructor(parts: UserParts) {
    this.name = parts.name
    this.#dice = parts.dice
    this.#isBusy = parts.isBusy
    this.#caller = new Caller(parts)
  }

  get accountId(): string | undefined {
    return this.#accountId
  }

  /** Signs up, and then signs in, works and ends sessions again and again. */
  async live(): Promise<void> {
    while (!(await this.#signUp())) await pause(PAUSE_MS * 5)
    while (this.#isBusy()) {
      await pause(this.#dice.next() * PAUSE_MS * 2)
      await this.#act()
    }
  }

  /** When all is over: what lives is honoured, what has ended is not, and the account opens with its password. */
  async prove(): Promise<void> {
    // One that turns out to be gone is forgotten on the way.
    for (const device of this.#devices.slice()) await (device.isHybrid ? this.#refresh(device) : this.#check(device))
    for (const device of this.#ended) await this.#tryEnded(device)
    await this.#proveAccount()
  }

  async #proveAccount(): Promise<void> {
    const giveUpAt = performance.now() + RECOVERY_MS
    for (;;) {
      if (isTold(await this.#sendSignIn('hybrid', this.#password)) || performance.now() > giveUpAt) return
      await pause(PAUSE_MS * 5)
    }
  }

  get #email(): string {
    return `${this.name}@example.com`
  }

  async #act(): Promise<void> {
    const chance = this.#dice.next()
    const device = this.#devices[this.#dice.below(this.#devices.length)]
    const hasRoom = this.#devices.length < MOST_DEVICES
    if (device === undefined || (hasRoom && chance < 0.2)) return this.#signIn()
    if (chance < 0.45 && device.isHybrid) return this.#refresh(device)
    if (chance < 0.6) return this.#check(device)
    if (chance < 0.68) return this.#caller.verify(device)
    if (chance < 0.78) return this.#keepData(device)
    if (chance < 0.84) return this.#stealFrom(device)
    if (chance < 0.86) return this.#changePassword(device)
    return this.#end(device)
  }

  async #signUp(): Promise<boolean> {
    const json = { email: this.#email, password: passwordOf(this.#password) }
    const about = { password: this.#password }
    const { call, body } = await this.#caller.call('sign-up', { path: ROUTES.accounts, json }, about)
    if (succeeded(call)) this.#accountId = String(body['id'])
    // An attempt of which nobody heard may have made it.
    return succeeded(call) || call.answer?.status === 409
  }

  async #signIn(): Promise<void> {
    const entered = await this.#enter(NAMES[this.#dice.below(NAMES.length)] ?? 'hybrid')
    if (entered === undefined) await pause(PAUSE_MS * 3)
    else this.#devices.push(entered)
  }

  #sendSignIn(application: ApplicationName, password: number): Promise<Called> {
    const json = { client_id: application, email: this.#email, password: passwordOf(password) }
    return this.#caller.call('sign-in', { path: ROUTES.sessions, json }, { password })
  }

  async #enter(application: ApplicationName, password = this.#password): Promise<Device | undefined> {
    const { call, body } = await this.#sendSignIn(application, password)
    const token = call.answer?.token
    if (!succeeded(call) || call.session === undefined || token === undefined) return undefined
    return new Device(call.session, application, token, accessTokenIn(body))
  }

  /** One tab or three at once, with the latest token or, as after a lost answer, the one before; again for as long as there is no answer. */
  async #refresh(device: Device): Promise<void> {
    const before = this.#dice.chance(0.1) ? device.previous(performance.now()) : undefined
    const presented = before ?? device.token
    const send = (): Promise<Called> => this.#sendRefresh(device, presented, true)
    let answers = await Promise.all(this.#dice.chance(0.3) ? [send(), send(), send()] : [send()])
    for (let tries = 0; tries < MOST_TRIES && !answers.some(isTold); tries++) {
      await pause(PAUSE_MS * 5)
      answers = [await send()]
    }
    const good = answers.find(({ call }) => succeeded(call))
    const token = good?.call.answer?.token
    if (good !== undefined && token !== undefined) device.rotated(token, accessTokenIn(good.body), performance.now())
    else if (answers.some(({ call }) => isToldEnded(call))) this.#forget(device)
  }

  #sendRefresh(device: Device, presented: string, isLatest: boolean, node?: number): Promise<Called> {
    return this.#caller.call(
      'refresh',
      device.refreshing(presented),
      { session: device.session, presented, isLatest },
      node,
    )
  }

  async #check(device: Device, node?: number): Promise<void> {
    const about = { session: device.session, presented: device.token, isLatest: true }
    const { call } = await this.#caller.call('check', device.request({ path: ROUTES.currentSession }), about, node)
    if (isToldEnded(call)) this.#forget(device)
    // Its time had run out by the clock of somebody: a client refreshes.
    else if (call.answer?.status === 401 && device.isHybrid) await this.#refresh(device)
  }

  async #keepData(device: Device): Promise<void> {
    const path = `${ROUTES.attributes}/count`
    const about = { session: device.session, presented: device.token, isLatest: true }
    if (this.#dice.chance(0.5)) await this.#caller.call('read', device.request({ path }), about)
    else {
      const json = ++device.written
      await this.#caller.call('write', device.request({ method: 'PUT', path, json }), { ...about, value: json })
    }
  }

  /** A token that was spent long ago comes back: the session ends for everybody. */
  async #stealFrom(device: Device): Promise<void> {
    const { stale } = device
    if (stale === undefined) return
    const { call } = await this.#sendRefresh(device, stale, false)
    if (isToldEnded(call)) return this.#bury([device])
    // The store may have lost the rotations since, and does not know better: it is the same token that comes of it.
    if (!succeeded(call)) this.#forget(device)
  }

  async #end(device: Device): Promise<void> {
    const chance = this.#dice.next()
    const everywhere = this.#dice.chance(0.4)
    const about = { session: device.session, presented: device.token, everywhere }
    const wait = everywhere ? 'wait=everywhere' : ''
    const others = this.#devices.filter((other) => other !== device)
    // Whoever reads at the same time brings nothing back.
    const racing = this.#dice.chance(0.3) ? this.#check(device) : undefined
    if (chance < 0.7) {
      const message = { method: 'DELETE', path: `${ROUTES.currentSession}?${wait}` }
      this.#conclude([device], await this.#caller.call('sign-out', device.request(message), about))
    } else if (chance < 0.85) {
      const message = { method: 'DELETE', path: `${ROUTES.sessions}?${wait}` }
      this.#conclude(
        [device, ...others],
        await this.#caller.call('sign-out-everywhere', device.request(message), about),
      )
    } else {
      const message = { method: 'DELETE', path: `${ROUTES.sessions}?keep=current&${wait}` }
      const asked = { ...about, keeps: device.session }
      this.#conclude(others, await this.#caller.call('sign-out-everywhere', device.request(message), asked))
    }
    await racing
    await this.#tryAfterEnd()
  }

  #conclude(devices: readonly Device[], { call }: Called): void {
    if (succeeded(call) || isUncertain(call) || isToldEnded(call)) this.#bury(devices, succeeded(call))
  }

  async #changePassword(device: Device): Promise<void> {
    const next = ++this.#passwords
    const json = { current_password: passwordOf(this.#password), new_password: passwordOf(next) }
    const message = device.request({ method: 'PUT', path: ROUTES.password, json })
    const { call, body } = await this.#caller.call('change-password', message, {
      session: device.session,
      password: next,
    })
    if (!succeeded(call) && !isUncertain(call)) return
    this.#bury(
      this.#devices.filter((other) => other !== device),
      succeeded(call),
    )
    if (!succeeded(call) || call.answer?.token === undefined) {
      this.#forget(device)
      return this.#findPassword(next)
    }
    this.#password = next
    device.renewed(call.answer.token, accessTokenIn(body))
    await this.#tryAfterEnd()
  }

  /** Nobody knows: it is found out as a person does, by trying the one and then the other. */
  async #findPassword(next: number): Promise<void> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      for (const password of [next, this.#password]) {
        const device = await this.#enter('hybrid', password)
        if (device === undefined) continue
        this.#password = password
        this.#devices.push(device)
        return
      }
      await pause(PAUSE_MS * 5)
    }
  }

  /** What has just been ended is tried at every node and every verifier. */
  async #tryAfterEnd(): Promise<void> {
    const device = this.#ended.at(-1)
    if (device === undefined) return
    const { session, token: presented } = device
    const nodes = this.#caller.nodes.map((node) => {
      if (device.isHybrid && this.#dice.chance(0.5)) return this.#sendRefresh(device, presented, true, node)
      const request = device.request({ path: ROUTES.currentSession })
      return this.#caller.call('check', request, { session, presented, isLatest: true }, node)
    })
    await Promise.all([...nodes, this.#caller.verify(device, 'every')])
  }

  /** At any node: to be refused. */
  async #tryEnded(device: Device): Promise<void> {
    const { session, token: presented } = device
    const about = { session, presented, isLatest: true }
    if (device.isHybrid) await this.#sendRefresh(device, presented, true)
    else await this.#caller.call('check', device.request({ path: ROUTES.currentSession }), about)
  }

  /** They have been ended, or may have been. */
  #bury(devices: readonly Device[], isKnown = true): void {
    for (const device of devices) {
      this.#forget(device)
      this.#ended.push(device)
    }
    // What has surely ended is worth more than what may have.
    if (isKnown) this.#ended.splice(0, Math.max(0, this.#ended.length - MOST_KEPT))
  }

  #forget(device: Device): void {
    const at = this.#devices.indexOf(device)
    if (at >= 0) this.#devices.splice(at, 1)
  }
}

/** Whether it is known now what the server thinks of the credential. */
function isTold({ call }: Called): boolean {
  return !isUncertain(call) && call.answer?.status !== 429
}

function accessTokenIn(body: Called['body']): string | undefined {
  const token = body['access_token']
  return typeof token === 'string' ? token : undefined
}

/** What a user calls the password of this number. */
function passwordOf(number: number): string {
  return `eleven kites above the hill ${number}`
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
