import { setTimeout as delay } from 'node:timers/promises'
import type { Store } from '@tiercel/cache-core/store'
import type { Fault, Stage } from './scenario.js'

/** The baseline for all other faults. */
export const none: Fault = { name: 'none', begin: () => {}, end: () => {} }

export const frozen: Fault = {
  name: 'frozen',
  answersNothing: true,
  begin: ({ machine }) => machine.server.freeze(),
  end: ({ machine }) => machine.server.thaw(),
}

export const restarted: Fault = {
  name: 'killed, back empty',
  answersNothing: true,
  begin: ({ machine }) => machine.server.kill(),
  end: ({ machine }) => machine.server.restart(),
}

export const killed: Fault = { name: 'killed', begin: ({ machine }) => machine.server.kill() }

/** Freezes one member of those that the launcher started together. */
export const memberFrozen: Fault = {
  name: 'one of two frozen',
  begin: ({ machine }) => machine.server.freeze(1),
  end: ({ machine }) => machine.server.thaw(1),
}

export const memberKilled: Fault = {
  name: 'one of two killed',
  begin: ({ machine }) => machine.server.kill(1),
}

/**
 * Frozen until the others have given it up, and then awake: each side believes to be the cluster, until they find each
 * other again.
 */
export const memberSplitOff: Fault = {
  name: 'split, and healed',
  begin: ({ machine }) => machine.server.freeze(1),
  end: ({ machine }) => machine.server.thaw(1),
}

const EVICT_EVERY_MS = 5
const evicting = new WeakMap<object, { stop(): Promise<void> }>()

/** Leases, values and marks vanish all the time, one at a time, as in an engine that is short of memory. */
export const evictions: Fault = {
  name: 'leases and marks evicted',
  begin(stage) {
    evicting.set(stage.rig, evict(stage, stage.rig.openBehind(stage.prefix)))
  },
  end: async ({ rig }) => evicting.get(rig)?.stop(),
}

function evict({ keys }: Stage, store: Store): { stop(): Promise<void> } {
  let stopped = false
  const slots = [...keys.map((key) => `2:v::${key}`), ...keys.map((key) => `2:m:v::${key}`)]
  const marks = ['2:n::', '2:e::'].flatMap((mark) => [mark, ...Array.from({ length: 40 }, (_, n) => `{${n}}${mark}`)])
  const running = (async () => {
    for (let turn = 0; !stopped; turn++) {
      const from = turn % 20 === 0 ? marks : slots
      await store.delete(from[Math.floor(Math.random() * from.length)] as string).catch(() => {})
      await delay(EVICT_EVERY_MS)
    }
  })()
  return {
    async stop() {
      stopped = true
      await running
      await store.close()
    },
  }
}
