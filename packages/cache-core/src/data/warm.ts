import type { Key } from '../protocol/key.js'

/** The outcome of a `warm`. */
export interface Warmed<K extends Key> {
  readonly warmed: number
  readonly failed: readonly { readonly key: K; readonly error: unknown }[]
}

/** Has each key loaded, `concurrency` at a time. Throws nothing that `load` throws. */
export async function warmKeys<K extends Key>(
  keys: readonly K[],
  load: (key: K) => Promise<unknown>,
  concurrency: number,
): Promise<Warmed<K>> {
  const failed: { readonly key: K; readonly error: unknown }[] = []
  let warmed = 0
  const queue = keys.values()
  const worker = async (): Promise<void> => {
    for (const key of queue) {
      try {
        await load(key)
        warmed++
      } catch (error) {
        failed.push({ key, error })
      }
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return { warmed, failed }
}
