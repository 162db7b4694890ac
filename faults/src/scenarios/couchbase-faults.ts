import { command } from './redis-faults.js'
import type { Fault } from './scenario.js'

/** The second node is silent, and the cluster fails it over to its replica. Then it is added again. */
export const failedOver: Fault = {
  name: 'a node failed over, and added again',
  begin: async (stage) => void (await command(stage, 'failover', '{"idx":1}')),
  end: async (stage) => void (await command(stage, 'respawn', '{"idx":1}')),
}

/** Each answer pauses after its first bytes. */
export const hiccup: Fault = {
  name: 'hiccup: 200 ms in each answer',
  answersNothing: true,
  begin: async (stage) => void (await command(stage, 'hiccup', '{"msecs":200,"offset":10}')),
  end: async (stage) => void (await command(stage, 'hiccup', '{"msecs":0,"offset":0}')),
}

/**
 * Only the first bytes of each answer come, again and again: the mock takes the rest for unsent, and a whole core for
 * that.
 */
export const truncated: Fault = {
  name: 'answers truncated',
  answersNothing: true,
  begin: async (stage) => void (await command(stage, 'truncate', '{"limit":10}')),
  end: async (stage) => void (await command(stage, 'truncate', '{"limit":0}')),
}
