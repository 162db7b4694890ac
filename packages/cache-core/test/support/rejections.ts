import { expect } from 'vitest'

/** What a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.fail('expected an error'),
    (error: Error) => error,
  )
}

export function rejecting(error: unknown): () => Promise<never> {
  return () => Promise.reject(error)
}
