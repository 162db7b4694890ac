import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { onTestFinished } from 'vitest'
import type { DiagnosticEvents } from '../../src/base/diagnostics.js'

/** What is reported about an event until the test ends. */
export function listenTo<E extends keyof DiagnosticEvents>(event: E): () => readonly DiagnosticEvents[E][] {
  const told: DiagnosticEvents[E][] = []
  const listener = (message: unknown): void => void told.push(message as DiagnosticEvents[E])
  subscribe(`tiercel:${event}`, listener)
  onTestFinished(() => void unsubscribe(`tiercel:${event}`, listener))
  return () => told
}
