/**
 * What memjs 1.3.2 does with a server that misbehaves, beside what `@tiercel/cache-memcached` does with the same one.
 * `node --import tsx --conditions=@tiercel/source src/memjs-faults.ts`
 */
import { memcachedStore } from '@tiercel/cache-memcached'
import { Client } from 'memjs'
import { HardenedClient } from '../../packages/cache-memcached/src/memjs/client.js'
import { MAX_SEQUENCE, Opcode } from '../../packages/cache-memcached/src/memjs/protocol.js'
import { FakeServer, type Request } from '../../packages/cache-memcached/test/support/fake-server.js'

const TIMEOUT_MS = 100
/** Long enough for every timeout and retry of memjs. */
const PATIENCE_MS = 2_000
const VALUE = 'abcdefghijklmnopqrstuvwxyz'

/** What both are asked to do. */
interface Subject {
  get(key: string): Promise<string | undefined>
  set(key: string, value: string | Buffer): Promise<unknown>
  increment(key: string, by: number): Promise<unknown>
  /** Moves the sequence number to the end of its range. */
  exhaustSequence(): void
  close(): unknown
}

type Make = (fake: FakeServer) => Subject

const stock: Make = ({ address }) => {
  const client = Client.create(address, { timeout: TIMEOUT_MS / 1_000, logger: { log: () => {} } })
  return {
    get: async (key) => (await client.get(key)).value?.toString(),
    set: (key, value) => client.set(key, value, {}),
    increment: async (key, by) => (await client.increment(key, by, { initial: by })).value,
    exhaustSequence: () => Object.assign(client, { seq: MAX_SEQUENCE }),
    close: () => client.close(),
  }
}

const ours: Make = ({ address }) => {
  const store = memcachedStore({ servers: [address], timeout: TIMEOUT_MS })
  return {
    get: async (key) => (await store.get(key))?.bytes.toString(),
    set: (key, value) => store.set(key, Buffer.from(value)),
    increment: (key, by) => store.increment(key, by),
    exhaustSequence: () => {},
    close: () => store.close(),
  }
}

/** The sequence is the driver's own: a store does not show it. */
const hardenedDriver: Make = ({ port }) => {
  const client = new HardenedClient([{ host: '127.0.0.1', port, username: undefined, password: undefined }], {
    timeoutMs: TIMEOUT_MS,
    connectTimeoutMs: 1_000,
    probeIntervalMs: 250,
    maxReplyBytes: 1_048_576,
  })
  return {
    get: async (key) => (await client.get(key)).value?.toString(),
    set: (key, value) => client.set(key, value, {}),
    increment: async (key, by) => (await client.increment(key, by)).value,
    exhaustSequence: () => Object.assign(client, { seq: MAX_SEQUENCE }),
    close: () => client.close(),
  }
}

interface Fault {
  readonly name: string
  readonly expected: string
  /** Default: `ours`. */
  readonly make?: Make
  run(subject: Subject, fake: FakeServer): Promise<string>
}

const FAULTS: readonly Fault[] = [
  {
    name: 'half an answer, then silence for 150 ms',
    expected: 'never another value',
    async run(subject, fake) {
      await subject.set('key', VALUE)
      halveNextAnswer(fake, 1.5 * TIMEOUT_MS)
      const first = await outcome(subject.get('key'))
      await pause(2 * TIMEOUT_MS)
      return `${first}, then ${await outcome(subject.get('key'))}`
    },
  },
  {
    name: 'the server closes its side with an answer due',
    expected: 'an error',
    async run(subject, fake) {
      await subject.set('key', VALUE)
      next(fake, Opcode.Get, ({ socket }) => socket.end())
      return outcome(subject.get('key'))
    },
  },
  {
    name: 'operation number 2^31',
    expected: 'the value',
    make: hardenedDriver,
    async run(subject) {
      await subject.set('key', VALUE)
      subject.exhaustSequence()
      const first = await outcome(attempt(() => subject.get('key')))
      return `${first}, then ${await outcome(attempt(() => subject.get('key')))}`
    },
  },
  {
    name: 'a key of 251 bytes beside a good one',
    expected: 'only the long one fails',
    make: hardenedDriver,
    async run(subject) {
      await subject.set('key', VALUE)
      const [, neighbour] = await Promise.all([outcome(subject.get('x'.repeat(251))), outcome(subject.get('key'))])
      return `neighbour: ${neighbour}; next: ${await outcome(subject.get('key'))}`
    },
  },
  {
    name: 'a value beyond the item limit',
    expected: 'an error with a class, the old value gone',
    async run(subject) {
      await subject.set('key', VALUE)
      const refused = await outcome(subject.set('key', Buffer.alloc(1_048_577)))
      return `${refused}; the old value: ${await outcome(subject.get('key'))}`
    },
  },
  {
    name: 'a counter at 2^32, plus 9',
    expected: '4294967305',
    async run(subject) {
      await subject.increment('counter', 2 ** 32 - 1)
      await subject.increment('counter', 1)
      return outcome(subject.increment('counter', 9))
    },
  },
  {
    name: 'a value of 16 MiB in pieces of 64 KiB',
    expected: 'time in proportion to the size',
    async run(subject, fake) {
      await subject.set('key', VALUE)
      next(fake, Opcode.Get, (request) => sendLarge(request, 16 << 20))
      const before = process.cpuUsage()
      const result = await outcome(subject.get('key').then((value) => `${value?.length} bytes`))
      const { user, system } = process.cpuUsage(before)
      return `${result} for ${Math.round((user + system) / 1_000)} ms of CPU`
    },
  },
  {
    name: '64 requests in one turn',
    expected: 'arrive as 1',
    async run(subject, fake) {
      await subject.set('key', VALUE)
      fake.bursts.length = 0
      await Promise.all(Array.from({ length: 64 }, () => subject.get('key')))
      return `arrive as ${fake.bursts.length}`
    },
  },
]

/** Runs `script` in place of the next answer to this command. */
function next(fake: FakeServer, opcode: number, script: (request: Request) => void): void {
  fake.script = (request) => {
    if (request.opcode !== opcode) return 'answer'
    fake.script = () => 'answer'
    script(request)
    return 'nothing'
  }
}

function halveNextAnswer(fake: FakeServer, delayMs: number): void {
  next(fake, Opcode.Get, (request) => {
    const answer = fake.answer(request)
    const half = answer.length - VALUE.length / 2
    request.socket.write(answer.subarray(0, half))
    setTimeout(() => {
      if (!request.socket.destroyed) request.socket.write(answer.subarray(half))
    }, delayMs)
  })
}

function sendLarge({ sequence, socket }: Request, bytes: number): void {
  const header = Buffer.alloc(24)
  header[0] = 0x81
  header.writeUInt32BE(bytes, 8)
  header.writeUInt32BE(sequence, 12)
  header.writeBigUInt64BE(1n, 16)
  socket.write(header)
  const piece = Buffer.alloc(65_536, 120)
  for (let sent = 0; sent < bytes; sent += piece.length) socket.write(piece)
}

/** memjs throws where it should reject. */
function attempt<T>(operation: () => Promise<T>): Promise<T> {
  return new Promise((resolve) => resolve(operation()))
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** In words: a value, an error, or a promise that never settles. */
async function outcome(operation: Promise<unknown>): Promise<string> {
  const settled = operation.then(describe, (error: Error) => error.name)
  return Promise.race([settled, pause(PATIENCE_MS).then(() => 'NEVER SETTLES')])
}

function describe(value: unknown): string {
  if (value === VALUE) return 'the value'
  if (typeof value !== 'string') return value === undefined ? 'nothing' : JSON.stringify(value)
  return value.startsWith(VALUE.slice(0, 3)) ? 'A CORRUPTED VALUE' : value
}

async function observe({ run }: Fault, make: Make): Promise<string> {
  const fake = await FakeServer.start()
  const subject = make(fake)
  try {
    return await run(subject, fake)
  } finally {
    await subject.close()
    await fake.stop()
  }
}

const rows = []
for (const fault of FAULTS) {
  rows.push({
    'the server, or the request': fault.name,
    right: fault.expected,
    'memjs 1.3.2': await observe(fault, stock),
    tiercel: await observe(fault, fault.make ?? ours),
  })
}
console.table(rows)
