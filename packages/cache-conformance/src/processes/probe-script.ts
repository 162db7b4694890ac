import { Socket } from 'node:net'
import { guardStore, type Store } from '@tiercel/cache-core/store'
import { utf8 } from '../bytes.js'
import { loadModule } from './load-module.js'
import type { ProbeReport, ProbeScript } from './probe-report.js'

/**
 * Makes a store in a process of its own, uses it and then leaves it alone: does the process end, and was it quiet?
 * Arguments: the script, the module's URL, the prefix, the deadline in milliseconds. Reports over the IPC channel.
 */
const [script = 'use', moduleUrl = '', prefix = '', timeoutMs = ''] = process.argv.slice(2) as [
  ProbeScript,
  ...string[],
]

const strays: string[] = []
process.on('unhandledRejection', (reason) => strays.push(`unhandled rejection: ${String(reason)}`))
process.on('uncaughtException', (error) => strays.push(`uncaught exception: ${String(error)}`))
process.on('warning', (warning) => strays.push(`process warning: ${warning.name}: ${warning.message}`))

let connections = 0
const connect = Socket.prototype.connect
Socket.prototype.connect = function (this: Socket, ...args: Parameters<typeof connect>) {
  connections++
  return connect.apply(this, args)
} as typeof connect

let failure: string | undefined
let earlyConnections = 0
try {
  const module = await loadModule(moduleUrl)
  const factory = script === 'unreachable' ? module.unreachable : module.default
  if (factory === undefined) throw new Error('the module does not export `unreachable`, which the suite was given')
  const store = guardStore(await factory({ prefix }), { timeout: Number(timeoutMs) })
  await turns()
  earlyConnections = connections
  if (script === 'use') await useAll(store)
  if (script === 'unreachable') await useAll(store).catch(() => undefined)
  await store.close()
  await turns()
} catch (error) {
  failure = error instanceof Error ? (error.stack ?? error.message) : String(error)
}

const report: Omit<ProbeReport, 'exited' | 'exitCode' | 'printed'> = { earlyConnections, strays, failure }
process.send?.(report, () => {
  if (process.connected) process.disconnect()
})

/** Calls each operation once, except those that the store declares missing. */
async function useAll(store: Store): Promise<void> {
  const { add, compareAndSet, touch, increment, bus } = store.capabilities
  const bytes = utf8('value')
  await store.ping()
  await store.set('a', bytes, { ttl: 60_000 })
  const entry = await store.get('a')
  if (add) await store.add('b', bytes, { ttl: 60_000 })
  if (compareAndSet && entry !== undefined) await store.compareAndSet('a', entry.version, bytes, { ttl: 60_000 })
  if (touch) await store.touch('a', 60_000)
  if (increment) await store.increment('counter', 1, { ttl: 60_000 })
  await store.setMany([{ key: 'c', bytes, ttl: 60_000 }])
  await store.getMany(['a', 'b', 'c', 'd'])
  if (bus) {
    const unsubscribe = await store.subscribe('channel', () => undefined)
    await store.publish('channel', bytes)
    await unsubscribe()
    await store.subscribe('channel', () => undefined)
  }
  await store.deleteMany(['a', 'b'])
  await store.delete('c')
}

/** A few turns of the event loop, in which whatever a constructor put off runs. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setTimeout(resolve, 20))
}
