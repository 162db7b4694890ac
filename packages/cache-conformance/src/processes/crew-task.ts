/** What all processes of a crew do at the same time. `keys` and `key` are under the suite's prefix. */
export type CrewTask =
  /** Adds its own name under each key. Answers for each whether it won. */
  | { readonly kind: 'add'; readonly keys: readonly string[] }
  /** Reads all keys, then writes its own name over the versions read. Answers for each whether it won. */
  | { readonly kind: 'compareAndSet'; readonly keys: readonly string[] }
  /** Reads all keys, then removes the versions read. Answers for each whether it won. */
  | { readonly kind: 'compareAndDelete'; readonly keys: readonly string[] }
  /** Adds 1 to the counter this many times. Answers the values it got. */
  | { readonly kind: 'increment'; readonly key: string; readonly times: number }
  /** Answers the text under each key, `undefined` for a miss. */
  | { readonly kind: 'read'; readonly keys: readonly string[] }
  | { readonly kind: 'publish'; readonly channel: string; readonly text: string }

export type CrewAnswer = readonly (boolean | number | string | undefined)[]

/** From the suite to a worker. */
export type CrewOrder = { readonly prepare: CrewTask } | { readonly go: true }

/** From a worker to the suite. */
export type CrewReport = { readonly ready: true } | { readonly done: CrewAnswer } | { readonly failed: string }
