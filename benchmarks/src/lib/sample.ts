import { SLICE_MS } from './settings.js'

/** What one contender did in one round. */
export interface Sample {
  readonly operations: number
  readonly wallMs: number
  /** User and system time of the process under measurement. */
  readonly cpuMs: number
}

/** `index` counts the operations of one slice, to take turns among the keys. */
export type Operation = (index: number) => Promise<unknown>

export interface LoopOptions {
  /** How many callers, each of which waits for its answer before it asks again. */
  readonly callers: number
  /** Operations of a caller between two looks at the clock, where they are so short that looking would count. Default 1. */
  readonly burst?: number
}

/** Runs an operation in this process for the length of a slice. */
export async function closedLoop(operation: Operation, { callers, burst = 1 }: LoopOptions): Promise<Sample> {
  let operations = 0
  const cpuBefore = cpuMs()
  const begun = performance.now()
  const end = begun + SLICE_MS
  const caller = async (): Promise<void> => {
    while (performance.now() < end) {
      for (let left = burst; left > 0; left--) await operation(operations++)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return { operations, wallMs: performance.now() - begun, cpuMs: cpuMs() - cpuBefore }
}

/** CPU time of this process so far. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
