/**
 * What a client can make the HTTP cache hold, and for how long the event loop stands still while all of it expires: over
 * that of an idle process, watched at the same time. On a busy machine run it under real-time priority (`chrt --rr 10`), or
 * both stand still for others. Needs Linux.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Figure } from './lib/figure.js'
import { HttpClient } from './lib/http-client.js'
import { type LimitsOrder, MAX_BYTES, type Seen } from './lib/http-limits.js'
import { publish } from './lib/publish.js'
import { spreadOf } from './lib/statistics.js'

/** How long a response is fresh: longer than it takes to fill the store. */
const TTL_MS = 2_000
const WATCH_MS = 4_000
const CONNECTIONS = 16
const ROUNDS = process.argv.includes('--quick') ? 3 : 7

interface Flood {
  readonly name: string
  readonly requests: number
  /** Target and field lines of a request. */
  readonly ask: (round: number, index: number) => readonly [target: string, fields: string]
}

const FLOODS: readonly Flood[] = [
  { name: '20,000 URLs', requests: 20_000, ask: (round, index) => [`/${round}/${index}`, ''] },
  { name: '100,000 query strings', requests: 100_000, ask: (round, index) => [`/q?of=${round}&page=${index}`, ''] },
  { name: '10,000 variants', requests: 10_000, ask: (round, index) => ['/v', `X-Variant: ${round}-${index}\r\n`] },
  {
    name: '500 field values of 200 kB',
    requests: 500,
    ask: (round, index) => ['/f', `X-Variant: ${'v'.repeat(200_000)}${round}-${index}\r\n`],
  },
]

class LimitsServer {
  readonly #child: ChildProcess
  readonly #clients: readonly HttpClient[]

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.#clients = Array.from({ length: CONNECTIONS }, () => new HttpClient(port))
  }

  static async start(...args: readonly string[]): Promise<LimitsServer> {
    const child = fork(new URL('./http-limits-server.ts', import.meta.url), args)
    const [{ port }] = (await once(child, 'message')) as [{ port: number }]
    return new LimitsServer(child, port)
  }

  async tell(order: LimitsOrder): Promise<Required<Seen>> {
    this.#child.send(order)
    const [seen] = await once(this.#child, 'message')
    return seen as Required<Seen>
  }

  async flood({ requests, ask }: Flood, round: number): Promise<void> {
    let next = 0
    await Promise.all(
      this.#clients.map(async (client) => {
        while (next < requests) await client.get(...ask(round, next++))
      }),
    )
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close()
    const exited = once(this.#child, 'exit')
    this.#child.disconnect()
    await exited
  }
}

const figures: Figure[] = []
for (const flood of FLOODS) {
  const [ours, idle] = [await LimitsServer.start(String(TTL_MS)), await LimitsServer.start()]
  const rounds: { readonly stall: number; readonly beside: number; readonly turn: number; readonly held: number }[] = []
  const { heldBytes: before } = await ours.tell({})
  for (let round = 0; round < ROUNDS; round++) {
    await ours.flood(flood, round)
    const [seen, beside] = await Promise.all([ours, idle].map((server) => server.tell({ watchMs: WATCH_MS })))
    const { heldBytes } = await ours.tell({})
    rounds.push({
      stall: seen?.stallMs ?? Number.NaN,
      beside: beside?.stallMs ?? Number.NaN,
      turn: seen?.turnMs ?? Number.NaN,
      held: heldBytes - before,
    })
  }
  const median = (of: (round: (typeof rounds)[number]) => number): string => spreadOf(rounds.map(of)).median.toFixed(1)
  figures.push(
    {
      subject: `standstill while ${flood.name} expire`,
      over: 'an idle process',
      reading: 'cost',
      measure: 'wall',
      ratio: spreadOf(rounds.map(({ stall, beside }) => stall / beside)),
      beside: `longest turn ${median(({ turn }) => turn)} ms`,
      bar: 2,
      aside: `${median(({ stall }) => stall)} over ${median(({ beside }) => beside)} ms`,
    },
    {
      subject: `memory that ${flood.name} take`,
      over: `maxBytes of ${MAX_BYTES / 1e6} MB`,
      reading: 'cost',
      measure: 'bytes',
      ratio: spreadOf(rounds.map(({ held }) => held / MAX_BYTES)),
      beside: `after each round ${rounds.map(({ held }) => (held / 1e6).toFixed(0)).join(', ')} MB`,
      bar: undefined,
      aside: `${median(({ held }) => held / 1e6)} MB`,
    },
  )
  await ours.stop()
  await idle.stop()
}
publish(figures)
