import type { ILogger } from 'hazelcast-client'

/**
 * The client says nowhere but in its log why it has no connection (wrong cluster name, refused, unreachable) and that
 * an attempt has failed. This log prints nothing and passes on these two.
 */
export function connectionLog(onProblem: (problem: string) => void, onAttemptFailed: () => void): ILogger {
  const silent = (): void => {}
  return {
    log: silent,
    error: silent,
    info: silent,
    debug: silent,
    trace: silent,
    warn: (part, message) => {
      if (part === 'ConnectionManager') onProblem(message)
      // All addresses were tried; it waits before it tries them again.
      if (part === 'WaitStrategy') onAttemptFailed()
    },
  }
}
