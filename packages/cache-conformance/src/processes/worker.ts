import { setTimeout as pause } from 'node:timers/promises'
import { guardStore, type Store } from '@tiercel/cache-core/store'
import { utf8 } from '../bytes.js'
import type { CrewAnswer, CrewOrder, CrewReport, CrewTask } from './crew-task.js'
import { loadModule } from './load-module.js'

/**
 * One process of a crew. Builds the store from the module, and does each task in two steps, so that all processes race
 * from one signal. Arguments: the module's URL, the prefix, the deadline in milliseconds, its own name.
 */
const [moduleUrl = '', prefix = '', timeoutMs = '', name = ''] = process.argv.slice(2)

const module = await loadModule(moduleUrl)
const store: Store = guardStore(await module.default({ prefix }), { timeout: Number(timeoutMs) })
/** 3 s in all, as long as a store may take until it uses a server that is back. */
const MAX_TRIES = 60
const TRY_EVERY_MS = 50

let begin: (() => Promise<CrewAnswer>) | undefined

process.on('message', (order: CrewOrder) => void obey(order))
process.on('disconnect', () => void store.close().finally(() => process.exit()))
tell({ ready: true })

async function obey(order: CrewOrder): Promise<void> {
  try {
    if ('prepare' in order) {
      begin = await prepare(order.prepare)
      tell({ ready: true })
    } else {
      tell({ done: (await begin?.()) ?? [] })
    }
  } catch (error) {
    tell({ failed: error instanceof Error ? `${error.name}: ${error.message}` : String(error) })
  }
}

async function prepare(task: CrewTask): Promise<() => Promise<CrewAnswer>> {
  await store.ping()
  const own = utf8(name)
  switch (task.kind) {
    case 'add':
      return () => Promise.all(task.keys.map(async (key) => (await store.add(key, own)) !== undefined))
    case 'compareAndSet':
      return overVersions(
        task.keys,
        async (key, version) => (await store.compareAndSet(key, version, own)) !== undefined,
      )
    case 'compareAndDelete':
      return overVersions(task.keys, (key, version) => store.compareAndDelete(key, version))
    case 'increment':
      return () => Promise.all(Array.from({ length: task.times }, () => store.increment(task.key, 1)))
    case 'read':
      await untilAnswered(task.keys)
      return async () =>
        (await store.getMany(task.keys)).map((entry) => entry && Buffer.from(entry.bytes).toString('utf8'))
    case 'publish':
      return async () => {
        await store.publish(task.channel, utf8(task.text))
        return []
      }
  }
}

/** What was done to the server earlier may have cost this process connections that it does not have back yet. */
async function untilAnswered(keys: readonly string[]): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await store.getMany(keys)
      return
    } catch (error) {
      if (tries === MAX_TRIES) throw error
      await pause(TRY_EVERY_MS)
    }
  }
}

async function overVersions(
  keys: readonly string[],
  act: (key: string, version: NonNullable<unknown>) => Promise<boolean>,
): Promise<() => Promise<CrewAnswer>> {
  const entries = await store.getMany(keys)
  return () =>
    Promise.all(
      keys.map((key, index) => {
        const entry = entries[index]
        return entry === undefined ? false : act(key, entry.version)
      }),
    )
}

function tell(report: CrewReport): void {
  process.send?.(report)
}
