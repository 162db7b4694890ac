/**
 * What the process does with the store:
 * `use`: every operation, then close;
 * `create-and-close`: nothing else;
 * `unreachable`: every operation against a server that is not there, then close.
 */
export type ProbeScript = 'use' | 'create-and-close' | 'unreachable'

/** What became of a process that ran a script. */
export interface ProbeReport {
  /** Whether it ended by itself after its last step. */
  readonly exited: boolean
  readonly exitCode: number | null
  /** All that it wrote to its standard output and error. */
  readonly printed: string
  /** Connections opened before the first operation. */
  readonly earlyConnections: number
  /** Unhandled rejections, uncaught exceptions and process warnings. */
  readonly strays: readonly string[]
  /** Why a step of the script failed. */
  readonly failure: string | undefined
}
