import { expect } from 'vitest'

/** What a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.fail('expected an error'),
    (error: Error) => error,
  )
}

/** An operation that never answers. */
export const never = (): Promise<never> => new Promise(() => undefined)

/** An operation that fails. */
export function rejecting(error: unknown): () => Promise<never> {
  return () => Promise.reject(error)
}
