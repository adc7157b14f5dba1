/** A value that is there already, or a promise of it. Only what cannot be had at once costs a promise. */
export type Eventually<T> = T | Promise<T>

/** Goes on with the value: at once when it is there. */
export function whenReady<T, R>(value: Eventually<T>, proceed: (value: T) => Eventually<R>): Eventually<R> {
  return value instanceof Promise ? value.then(proceed) : proceed(value)
}

/** All of the values: at once when they are there. */
export function allReady<T>(values: readonly Eventually<T>[]): Eventually<T[]> {
  const ready: T[] = []
  for (const value of values) {
    if (value instanceof Promise) return Promise.all(values)
    ready.push(value)
  }
  return ready
}
