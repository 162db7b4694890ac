import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from './free-port.js'

export interface Sentinel {
  /** `host:port`. */
  readonly address: string
  stop(): Promise<void>
}

/**
 * A sentinel on loopback that watches one master, under the name `main`.
 * @param settings For that master, such as `down-after-milliseconds 500`.
 */
export async function startSentinel(masterPort: number, settings: readonly string[] = []): Promise<Sentinel> {
  const folder = await mkdtemp(join(tmpdir(), 'sentinel-'))
  const port = await freePort()
  const config = join(folder, 'sentinel.conf')
  await writeFile(
    config,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor main 127.0.0.1 ${masterPort} 1`,
      ...settings.map((setting) => `sentinel ${setting.replace(' ', ' main ')}`),
      '',
    ].join('\n'),
  )
  const child = spawn('redis-server', [config, '--sentinel'], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  const probe = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 50 })
  probe.on('error', () => {})
  await probe.ping()
  probe.disconnect()
  return {
    address: `127.0.0.1:${port}`,
    async stop() {
      child.kill()
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}
