import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plan } from '../local-server.js'
import { JAVA_OPTIONS, javaProgram, mavenJar } from '../maven.js'
import { freePorts, HOST } from '../ports.js'
import type { StartOptions } from '../server.js'

const HAZELCAST = { group: 'com.hazelcast', name: 'hazelcast', version: '5.7.0' }

/**
 * The map that the URL names, with the settings that the Hazelcast store asks for. All other maps have Hazelcast's
 * defaults.
 */
const MAP = 'tiercel'
const MAP_TTL_SECONDS = 2_678_400 // 31 days

const OPENED = ['java.base/java.lang', 'java.base/sun.nio.ch', 'java.management/sun.management']

/** `count` members of one cluster. `args` are options of the JVM, so `-Dhazelcast.…=…` sets a property. */
export async function planHazelcast({ count = 1, args = [] }: StartOptions): Promise<Plan> {
  const jar = await hazelcastJar()
  const ports = await freePorts(count)
  const start = [...JAVA_OPTIONS, ...OPENED.flatMap((opened) => ['--add-opens', `${opened}=ALL-UNNAMED`]), ...args]
  return {
    engine: 'hazelcast',
    url: `hazelcast://${ports.map((port) => `${HOST}:${port}`).join(',')}/${MAP}`,
    program: javaProgram(),
    processes: ports.map((port) => (folder) => {
      const config = join(folder, 'hazelcast.xml')
      writeFileSync(config, memberConfig(port, ports))
      return [...start, `-Dhazelcast.config=${config}`, '-cp', jar, 'com.hazelcast.core.server.HazelcastMemberStarter']
    }),
    ready: async (members) =>
      members.every(({ log }) => log.includes(' is STARTED') && log.includes(`Members {size:${count},`)),
  }
}

export function hazelcastJar(): Promise<string> {
  return mavenJar(HAZELCAST)
}

/** Listens, joins and reports on loopback only. */
function memberConfig(port: number, ports: readonly number[]): string {
  // One of two members is not a majority.
  const majority = ports.length > 2 ? Math.floor(ports.length / 2) + 1 : undefined
  return `<?xml version="1.0" encoding="UTF-8"?>
<hazelcast xmlns="http://www.hazelcast.com/schema/config">
  <properties>
    <property name="hazelcast.socket.bind.any">false</property>
    <property name="hazelcast.phone.home.enabled">false</property>
    <property name="hazelcast.map.invalidation.batch.enabled">false</property>
  </properties>
  <network>
    <public-address>${HOST}:${port}</public-address>
    <port auto-increment="false">${port}</port>
    <join>
      <auto-detection enabled="false"/>
      <multicast enabled="false"/>
      <tcp-ip enabled="true" connection-timeout-seconds="1">${ports.map((each) => `<member>${HOST}:${each}</member>`).join('')}</tcp-ip>
    </join>
    <interfaces enabled="true"><interface>${HOST}</interface></interfaces>
  </network>
  <map name="${MAP}">
    <time-to-live-seconds>${MAP_TTL_SECONDS}</time-to-live-seconds>
    <merge-policy>DiscardMergePolicy</merge-policy>
    ${majority === undefined ? '' : '<split-brain-protection-ref>majority</split-brain-protection-ref>'}
  </map>
  ${majority === undefined ? '' : protection(majority)}
</hazelcast>
`
}

function protection(members: number): string {
  return `<split-brain-protection name="majority" enabled="true"><minimum-cluster-size>${members}</minimum-cluster-size></split-brain-protection>`
}
