import { setTimeout as delay } from 'node:timers/promises'
import type { Machine } from '../rigs/rig.js'
import type { Fault, Stage } from './scenario.js'

/** Redis Cluster begins an election after its node timeout, which is 2 s in these clusters. */
const ELECTED_WITHIN_MS = 60_000

function tell(stage: Stage, machine: Machine | undefined, ...words: readonly string[]): Promise<unknown> {
  if (stage.rig.command === undefined || machine === undefined) throw new Error('nobody here takes commands')
  return stage.rig.command(machine, ...words)
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + ELECTED_WITHIN_MS
  while (!(await holds().catch(() => false))) {
    if (performance.now() > end) throw new Error(`${what}: not within ${ELECTED_WITHIN_MS} ms`)
    await delay(20)
  }
}

const isMaster = (stage: Stage, machine: Machine | undefined) => async (): Promise<boolean> => {
  const [role] = (await tell(stage, machine, 'ROLE')) as unknown[]
  return String(role) === 'master'
}

/** The replica of the first master is the last machine. */
const replicaIn = ({ rig }: Stage): Machine | undefined => rig.machines.at(-1)

/** An operator hands the first master's slots to its replica, and back. */
export const clusterFailover: Fault = {
  name: 'planned failover, and back',
  async begin(stage) {
    await tell(stage, replicaIn(stage), 'CLUSTER', 'FAILOVER')
    await until('the replica takes over', isMaster(stage, replicaIn(stage)))
  },
  async end(stage) {
    const first = stage.rig.machines[0]
    await until('the old master follows', async () => {
      await tell(stage, first, 'CLUSTER', 'FAILOVER')
      return true
    })
    await until('the old master is back', isMaster(stage, first))
  },
}

/** More than a busy machine needs to copy, which otherwise takes a fraction of a millisecond. */
const COPIED_AFTER_MS = 200

/**
 * Kills the master when its replica has everything that it has answered: Redis copies after it answers, and what is not
 * copied is lost.
 */
async function killWhenCopied(stage: Stage): Promise<void> {
  const master = stage.rig.machines[0]
  await tell(stage, master, 'CLIENT', 'PAUSE', '60000', 'WRITE')
  await delay(COPIED_AFTER_MS)
  await master?.server.kill()
}

/** The first master dies. The fault ends when its replica has been elected. */
export const clusterMasterLost: Fault = {
  name: 'a master killed, its replica elected',
  begin: killWhenCopied,
  end: (stage) => until('the replica takes over', isMaster(stage, replicaIn(stage))),
}

const sentinelIn = ({ rig }: Stage): Machine | undefined => rig.machines[2]

/** The port to which the sentinel sends its clients. */
async function masterPort(stage: Stage): Promise<string> {
  const [, port] = (await tell(stage, sentinelIn(stage), 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'main')) as string[]
  return String(port)
}

async function untilReplicaLeads(stage: Stage): Promise<void> {
  const replica = stage.rig.machines[1]
  const port = new URL(replica?.server.url ?? '').port
  await until('the sentinel names the replica', async () => (await masterPort(stage)) === port)
  await until('the replica takes writes', isMaster(stage, replica))
}

export const sentinelFailover: Fault = {
  name: 'planned failover',
  async begin(stage) {
    await until('the sentinel has a replica to choose', async () => {
      await tell(stage, sentinelIn(stage), 'SENTINEL', 'FAILOVER', 'main')
      return true
    })
  },
  end: untilReplicaLeads,
}

export const sentinelMasterLost: Fault = {
  name: 'master killed, its replica elected',
  begin: killWhenCopied,
  end: untilReplicaLeads,
}

const moving = new WeakMap<object, { stop(): Promise<void> }>()

/** The slots of the first master that hold keys move to the second and back, one at a time, without end. */
export const resharding: Fault = {
  name: 'slots moved to and fro',
  begin(stage) {
    let stopped = false
    const running = (async () => {
      for (let turn = 0; !stopped; turn++) {
        const [from, to] = turn % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)
        await moveSlots(stage, stage.rig.machines[from], stage.rig.machines[to], () => stopped)
      }
    })()
    moving.set(stage.rig, {
      async stop() {
        stopped = true
        await running
      },
    })
  },
  end: async ({ rig }) => moving.get(rig)?.stop(),
}

async function moveSlots(
  stage: Stage,
  from: Machine | undefined,
  to: Machine | undefined,
  stopped: () => boolean,
): Promise<void> {
  const [fromId, toId] = (await Promise.all([from, to].map((each) => tell(stage, each, 'CLUSTER', 'MYID')))) as string[]
  const address = new URL(to?.server.url ?? '')
  const keys = (await tell(stage, from, 'KEYS', `*${stage.prefix}*`)) as string[]
  for (const key of keys) {
    if (stopped()) return
    const slot = String(await tell(stage, from, 'CLUSTER', 'KEYSLOT', key))
    await tell(stage, to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(fromId)).catch(() => {})
    await tell(stage, from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(toId)).catch(() => {})
    for (;;) {
      const inSlot = (await tell(stage, from, 'CLUSTER', 'GETKEYSINSLOT', slot, '100')) as string[]
      if (inSlot.length === 0) break
      await tell(stage, from, 'MIGRATE', address.hostname, address.port, '', '0', '5000', 'KEYS', ...inSlot)
    }
    // The new owner first: otherwise nobody has the slot for a moment.
    for (const each of [to, from]) await tell(stage, each, 'CLUSTER', 'SETSLOT', slot, 'NODE', String(toId))
  }
}
