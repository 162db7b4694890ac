import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The first database that a test loads is written down, and all others start from it: loading takes seconds of a core. */
export default async function shareSnapshot(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'tiercel-demo-'))
  process.env.DATABASE_SNAPSHOT = join(folder, 'cities.tar')
  return () => rm(folder, { recursive: true })
}
