import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { type Server, startServer } from '@tiercel/servers'
import { Client, type ClientConfig } from 'hazelcast-client'
import { type HazelcastClient, type HazelcastStoreOptions, parseOptions } from '../../src/options.js'

/** Two members, or the cluster of the environment; `undefined` where there can be none. */
export function startCluster(): Promise<Server | undefined> {
  return startServer('hazelcast', { count: 2 })
}

/** A client as the store makes it but for some settings, to look behind the store's back or to be tampered with. Connected. */
export async function connectClient(
  options: HazelcastStoreOptions,
  settings: ClientConfig = {},
): Promise<HazelcastClient> {
  const { source } = parseOptions(options)
  if (!('config' in source)) throw new Error('no client is to be created')
  return Client.newHazelcastClient({
    ...source.config,
    ...settings,
    connectionStrategy: { ...source.config.connectionStrategy, asyncStart: false },
    properties: { ...source.config.properties, 'hazelcast.logging.level': 'OFF' },
  })
}

/** A map of its own, which no configuration of the launcher's names: it has no time-to-live-seconds. */
export function freshMap(): string {
  return `test-${randomUUID()}`
}

const MEMBER = /^\s*(\d+)\s+\S*java\s.*-Dhazelcast\.config=(\S+)/

/** The process of the launched member that listens on the port. */
export function memberProcess(port: number): number {
  const processes = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,args='], { encoding: 'utf8' })
  for (const line of processes.split('\n')) {
    const [, pid, config] = MEMBER.exec(line) ?? []
    if (config === undefined || !existsSync(config)) continue
    if (readFileSync(config, 'utf8').includes(`>${port}</port>`)) return Number(pid)
  }
  throw new Error(`no member listens on port ${port}`)
}

/** Resolves when `ready` holds. */
export async function until(what: string, ready: () => boolean | Promise<boolean>, withinMs = 40_000): Promise<void> {
  const end = performance.now() + withinMs
  while (!(await ready())) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
