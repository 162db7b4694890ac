import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { findProgram } from './programs.js'

/**
 * Runs `work` while no other process of this machine runs work under the same file. The kernel holds the lock (`flock`)
 * for a child whose input is a pipe from this process, so a crash releases it. Without `flock` (macOS) nothing is
 * locked: two first runs at the same time may then download the same files twice.
 */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  if (findProgram('flock') === undefined) return work()
  mkdirSync(dirname(file), { recursive: true })
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; cat'], { stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = once(holder, 'exit')
  await Promise.race([
    once(holder.stdout, 'data'),
    ended.then(() => {
      throw new Error(`cannot lock ${file}`)
    }),
  ])
  try {
    return await work()
  } finally {
    holder.stdin.end()
    await ended
  }
}
