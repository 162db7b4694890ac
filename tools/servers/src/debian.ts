import { join } from 'node:path'
import { CACHE_FOLDER } from './cache-folder.js'
import { withLock } from './lock.js'
import { findProgram, run } from './programs.js'

/**
 * The path of a program from the Debian package of the same name, installed if it is missing and this process may
 * install it.
 * @throws Error that says what to install by hand.
 */
export async function debianProgram(name: string): Promise<string> {
  return findProgram(name) ?? withLock(join(CACHE_FOLDER, 'apt.lock'), () => install(name))
}

async function install(name: string): Promise<string> {
  const meanwhile = findProgram(name)
  if (meanwhile !== undefined) return meanwhile
  if (process.getuid?.() !== 0 || findProgram('apt-get') === undefined) {
    throw new Error(`${name} is not installed (Debian and Ubuntu: sudo apt-get install ${name})`)
  }
  // RUNLEVEL=1 keeps the package from starting a service of its own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  await run('apt-get', ['update', '-qq'], { env })
  const waiting = ['-o', 'DPkg::Lock::Timeout=120']
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...waiting, name], { env })
  const installed = findProgram(name)
  if (installed === undefined) throw new Error(`the package ${name} brought no program ${name}`)
  return installed
}
