import type { HazelcastClient } from './options.js'

/**
 * The address of the member that a key lies on: the owner of its partition. `undefined` where there is one member only, or
 * the client has not heard yet which has what.
 */
export function ownerOf(client: HazelcastClient, engineKey: string): string | undefined {
  const members = client.getCluster().getMembers()
  const partitions = client.getPartitionService()
  if (members.length < 2 || partitions.getPartitionCount() === 0) return undefined
  const owner = partitions.getPartitionOwner(partitions.getPartitionId(engineKey))
  return members.find(({ uuid }) => uuid.equals(owner))?.address.toString()
}
