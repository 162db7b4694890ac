import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { DemoProcess } from './e2e/demo-process.js'

declare module 'vitest' {
  export interface ProvidedContext {
    /** What the demo printed at the first start of all. */
    firstStart: { readonly stdout: string; readonly stderr: string }
  }
}

/** The demo starts once from nothing and writes its database down. All others start from that: loading takes seconds of a core. */
export default async function startFirst({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'tiercel-demo-'))
  process.env.DATABASE_SNAPSHOT = join(folder, 'cities.tar')
  const demo = await new DemoProcess({ CACHE_URL: 'memory:' }).ready()
  provide('firstStart', { stdout: demo.stdout, stderr: demo.stderr })
  await demo.stop()
  return () => rm(folder, { recursive: true })
}
