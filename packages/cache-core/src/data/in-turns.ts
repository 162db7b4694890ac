/**
 * How many operations of one call are under way at once. Thousands sent together would outlive their deadlines waiting
 * for each other, since those count from when an operation is sent: of 20,000 values set at once on Redis none was stored.
 */
export const AT_ONCE = 256

/** As `Promise.all` over all items, a few at a time. When one fails, the others go on. @throws the first failure */
export async function inTurns<I, R>(items: readonly I[], run: (item: I) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length)
  const turns = items.entries()
  const worker = async (): Promise<void> => {
    for (const [index, item] of turns) results[index] = await run(item)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker))
  return results
}
