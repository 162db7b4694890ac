import type { Fault, Stage } from './scenario.js'

export function command(stage: Stage, ...words: readonly string[]): Promise<unknown> {
  if (stage.rig.command === undefined) throw new Error('this engine takes no commands')
  return stage.rig.command(stage.machine, ...words)
}

export function set(stage: Stage, ...settings: readonly string[]): Promise<unknown> {
  return command(stage, 'CONFIG', 'SET', ...settings)
}

/** Every write is refused, as after a failover that a client behind a fixed address does not hear of. */
export const readOnly: Fault = {
  name: 'read-only',
  answersSoon: true,
  begin: async (stage) => void (await command(stage, 'REPLICAOF', '127.0.0.1', '1')),
  end: async (stage) => void (await command(stage, 'REPLICAOF', 'NO', 'ONE')),
}

/** Writes are paused, as in a planned failover. */
export const writesPaused: Fault = {
  name: 'writes paused',
  begin: async (stage) => void (await command(stage, 'CLIENT', 'PAUSE', '60000', 'WRITE')),
  end: async (stage) => void (await command(stage, 'CLIENT', 'UNPAUSE')),
}

/** A script does not end: after a while the server answers everybody else with an error. */
export const busyScript: Fault = {
  name: 'busy script',
  async begin(stage) {
    await set(stage, 'busy-reply-threshold', '300')
    void command(stage, 'EVAL', 'while true do end', '0').catch(() => {})
  },
  end: async (stage) => void (await command(stage, 'SCRIPT', 'KILL')),
}

/** Memory is full and nothing may be evicted: every write is refused. */
export const full: Fault = {
  name: 'maxmemory, no eviction',
  answersSoon: true,
  begin: async (stage) => void (await set(stage, 'maxmemory-policy', 'noeviction', 'maxmemory', '1')),
  end: async (stage) => void (await set(stage, 'maxmemory', '0')),
}

/** Everything that comes in is evicted at once. */
export const evictsAll: Fault = {
  name: 'maxmemory, evicting',
  begin: async (stage) => void (await set(stage, 'maxmemory-policy', 'allkeys-random', 'maxmemory', '1200kb')),
  end: async (stage) => void (await set(stage, 'maxmemory', '0')),
}
