/** The numbered promises of the store contract, the meaning of its operations, and that of its capabilities. */
export type PromiseId = 'operations' | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 'capabilities'

export interface StorePromise {
  readonly id: PromiseId
  readonly title: string
}

/** In the order of the report. */
export const PROMISES: readonly StorePromise[] = [
  { id: 'operations', title: 'Operations do what their names say' },
  { id: 1, title: 'Bytes come back equal' },
  { id: 2, title: 'A value does not disappear early, and is gone by its TTL' },
  { id: 3, title: 'Any key works, and two keys or prefixes never meet' },
  { id: 4, title: 'Conditional writes are atomic, and versions are never used twice' },
  { id: 5, title: 'Batches answer in the order of their keys' },
  { id: 6, title: 'A refused write leaves no old value behind' },
  { id: 7, title: 'A purge removes what is under the prefix, and nothing else' },
  { id: 8, title: 'Operations end in time, and errors say what happened' },
  { id: 9, title: 'Creating a store does nothing yet, and closing it ends it' },
  { id: 10, title: 'A server that comes back is used again' },
  { id: 'capabilities', title: 'What is declared is there, what is not says so' },
]

/** As a heading: `Promise 4: …`, or only the title if the promise has no number. */
export function headingOf({ id, title }: StorePromise): string {
  return typeof id === 'number' ? `${id}. ${title}` : title
}
