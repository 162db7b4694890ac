import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Plan } from '../local-server.js'
import { JAVA_OPTIONS, javaProgram, mavenJar } from '../maven.js'
import { freePortRange, HOST } from '../ports.js'
import type { StartOptions } from '../server.js'

/**
 * The vendor's mock of the key-value service, which the Node SDK's own tests use. The real server is in no registry.
 */
const COUCHBASE_MOCK = { group: 'com.couchbase.mock', name: 'CouchbaseMock', version: '1.5.25' }

const BUCKET = 'default'
const NODES = 2
const LOOPBACK_MOCK = fileURLToPath(new URL('./LoopbackMock.java', import.meta.url))

/** CouchbaseMock with one bucket on two nodes, user `default` without a password. */
export async function planCouchbase({ count = 1 }: StartOptions): Promise<Plan> {
  if (count !== 1) throw new Error('couchbase: count is for memcached and Hazelcast; the mock always has two nodes')
  const jar = await couchbaseJar()
  // One more port for commands.
  const firstPort = await freePortRange(NODES + 1)
  const hosts = Array.from({ length: NODES }, (_, index) => `${HOST}:${firstPort + index}`)
  return {
    engine: 'couchbase',
    url: `couchbase://default:@${hosts.join(',')}/${BUCKET}`,
    program: javaProgram(),
    processes: [() => [...JAVA_OPTIONS, '-cp', jar, LOOPBACK_MOCK, HOST, String(firstPort), String(NODES), BUCKET]],
    ready: async ([mock]) => mock?.log.includes('listening') ?? false,
  }
}

export function couchbaseJar(): Promise<string> {
  return mavenJar(COUCHBASE_MOCK)
}

/**
 * Sends the mock a command, such as `failover` with `{ idx: 1 }`, and waits until it is done.
 * @param url The server's.
 */
export async function commandCouchbase(url: string, command: string, payload: object): Promise<void> {
  const ports = [...url.matchAll(/:(\d{5})(?=[,/])/g)].map(([, port]) => Number(port))
  const socket = connect(Math.max(...ports) + 1, HOST)
  socket.write(`${JSON.stringify({ command, payload })}\n`)
  const answer = (await socket.setEncoding('utf8').toArray()).join('')
  if (!answer.includes('"ok"')) throw new Error(`couchbase: ${command} failed: ${answer}`)
}
