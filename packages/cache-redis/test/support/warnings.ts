import { channel } from 'node:diagnostics_channel'
import type { DiagnosticEvents } from '@tiercel/cache-core'
import { afterEach } from 'vitest'

const warnings = channel('tiercel:store-warning')
const listening = new Set<(message: unknown) => void>()

afterEach(() => {
  for (const listener of listening) warnings.unsubscribe(listener)
  listening.clear()
})

/** The store's warnings from now until the end of the test. */
export function hearWarnings(): string[] {
  const heard: string[] = []
  const listener = (message: unknown): void => void heard.push((message as DiagnosticEvents['store-warning']).message)
  listening.add(listener)
  warnings.subscribe(listener)
  return heard
}
