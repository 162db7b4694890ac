import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const PREFLIGHT = fileURLToPath(new URL('../preflight.mjs', import.meta.url))

function preflightOn(version: string): { status: number | null; stderr: string } {
  const pretend = `data:text/javascript,Object.defineProperty(process,"versions",{value:{node:"${version}"}})`
  return spawnSync(process.execPath, ['--import', pretend, PREFLIGHT], { encoding: 'utf8' })
}

describe('the first import of every command', () => {
  it.each(['12.22.12', '18.20.8', '20.18.3'])('ends with one sentence on Node %s', (version) => {
    const { status, stderr } = preflightOn(version)
    expect(status).toBe(1)
    expect(stderr).toBe(
      `Tiercel needs Node 20.19 or newer; this is ${version}. Install a current Node (https://nodejs.org) and run the command again.\n`,
    )
  })

  it.each(['20.19.0', '20.20.2', '22.0.0', '24.11.1'])('lets Node %s pass in silence', (version) => {
    expect(preflightOn(version)).toMatchObject({ status: 0, stderr: '' })
  })
})
