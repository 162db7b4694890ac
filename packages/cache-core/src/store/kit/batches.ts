/** `items` in pieces of `size`, the last one perhaps shorter. */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}

/** What `setMany` and `deleteMany` promise: all are tried, then the first error is thrown. */
export async function allOrFirstError(operations: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(operations)).find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
