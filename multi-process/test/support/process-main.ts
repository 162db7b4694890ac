// One process of the tests: a cache on the store of a URL, controlled by messages.
// Arguments: the store's URL, the prefix, `storeTimeout` as JSON.
import { setTimeout as delay } from 'node:timers/promises'
import { createCache } from '@tiercel/cache-core'
import { Commands } from './commands.js'
import type { Order, Report } from './messages.js'
import { openStore } from './open-store.js'

const [url = '', prefix = '', storeTimeout = ''] = process.argv.slice(2)
const cache = createCache({ store: await openStore(url, prefix), storeTimeout: JSON.parse(storeTimeout) })
const commands = new Commands(cache, readDatabase)
const reads: { readonly resolve: (value: string) => void; readonly reject: (error: Error) => void }[] = []

process.on('message', (order: Order) => void obey(order))
process.on('disconnect', () => void cache.close().finally(() => process.exit()))
// Connects before the first command, so that no measured time includes a handshake. On a busy machine that may take
// more than one attempt.
while (!(await cache.set('connect', 'connected'))) await delay(20)
tell({ started: true })

function readDatabase(key: string): Promise<string> {
  return new Promise((resolve, reject) => tell({ read: reads.push({ resolve, reject }) - 1, key }))
}

async function obey(order: Order): Promise<void> {
  if ('refused' in order) return reads[order.read]?.reject(new Error(order.refused))
  if ('read' in order) return reads[order.read]?.resolve(order.value)
  const { call, command, args } = order
  try {
    const run = commands[command] as (...args: readonly unknown[]) => Promise<unknown>
    tell({ call, result: await run.apply(commands, [...args]) })
  } catch (error) {
    tell({ call, failure: String(error) })
  }
}

function tell(report: Report): void {
  process.send?.(report)
}
