import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Engine } from './server.js'

const FILE = 'test-results/skipped.json'

/** An engine that could not be tested here, and why. */
export interface Skipped {
  readonly engine: Engine
  readonly reason: string
}

/** Adds the engine to the current folder's list, for the summary of the whole run. One line for each engine. */
export function recordSkipped(engine: Engine, reason: string): void {
  const file = join(process.cwd(), FILE)
  const others = read(file).filter((skipped) => skipped.engine !== engine)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify([...others, { engine, reason }], null, 2)}\n`)
}

function read(file: string): Skipped[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Skipped[]
  } catch {
    return []
  }
}
