import { encodeBase64url } from '@counterfoil/protocol'

/** A generator of numbers that only its seed decides (sfc32). */
export class Random {
  #a: number
  #b: number
  #c: number
  #count = 1

  /** `stream` tells generators of one seed apart. */
  constructor(seed: number, stream: number) {
    this.#a = seed | 0
    this.#b = Math.floor(seed / 2 ** 32) ^ 0x9e3779b9
    this.#c = Math.imul(stream + 1, 0x85ebca6b)
    for (let round = 0; round < 12; round++) this.next()
  }

  /** From 0 up to, but not, 1. */
  next(): number {
    const sum = (this.#a + this.#b + this.#count) | 0
    this.#count = (this.#count + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return (sum >>> 0) / 2 ** 32
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next()
  }

  /** A whole number; both ends are possible. */
  int(low: number, high: number): number {
    return low + Math.floor((high - low + 1) * this.next())
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.next() * list.length)]
  }

  /** 128 bits, as ids are written. */
  id(): string {
    const bytes = new Uint8Array(16)
    const words = new DataView(bytes.buffer)
    for (let at = 0; at < 16; at += 4) words.setUint32(at, Math.floor(this.next() * 2 ** 32))
    return encodeBase64url(bytes)
  }
}
