export {}

/* What express-session adds to a request. */
declare module 'express-serve-static-core' {
  interface Request {
    session: { account?: string; regenerate(done: (error?: unknown) => void): void }
  }
}
