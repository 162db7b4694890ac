import type { Figure } from './figure.js'
import { table } from './table.js'

/** To `main.ts`, which shows the figures of all benchmarks at the end; or, where a benchmark was started by itself, as a table. */
export function publish(figures: readonly Figure[]): void {
  if (process.send === undefined) console.log(table(figures))
  else process.send({ figures })
}
