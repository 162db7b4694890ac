import { subscribe, unsubscribe } from 'node:diagnostics_channel'

const CHANNEL = 'tiercel:store-warning'

/** The warnings that `run` caused. */
export async function warningsOf(run: () => Promise<unknown>): Promise<unknown[]> {
  const warnings: unknown[] = []
  const listener = (message: unknown): unknown => warnings.push(message)
  subscribe(CHANNEL, listener)
  try {
    await run()
  } finally {
    unsubscribe(CHANNEL, listener)
  }
  return warnings
}
