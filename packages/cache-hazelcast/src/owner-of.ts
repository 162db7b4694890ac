import type { HazelcastClient } from './options.js'

/**
 * The address of the member that owns the key's partition. `undefined` if there is only one member, or if the client
 * has not received the partition table yet.
 */
export function ownerOf(client: HazelcastClient, engineKey: string): string | undefined {
  const members = client.getCluster().getMembers()
  const partitions = client.getPartitionService()
  if (members.length < 2 || partitions.getPartitionCount() === 0) return undefined
  const owner = partitions.getPartitionOwner(partitions.getPartitionId(engineKey))
  return members.find(({ uuid }) => uuid.equals(owner))?.address.toString()
}
