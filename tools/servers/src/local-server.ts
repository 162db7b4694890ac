import { setTimeout as delay } from 'node:timers/promises'
import type { Engine, Server } from './server.js'
import { Supervised } from './supervised.js'

/** How to start an engine's processes on ports that have been chosen. */
export interface Plan {
  readonly engine: Engine
  readonly url: string
  readonly program: string
  /** The arguments of each process, given its private folder. */
  readonly processes: readonly ((folder: string) => readonly string[])[]
  /** Resolves with whether the servers answer. */
  ready(processes: readonly Supervised[]): Promise<boolean>
}

/** A Hazelcast member starts in 3 to 5 s, and in several times that on a busy machine. */
const START_TIMEOUT_MS = 60_000
const POLL_MS = 20

/** A private server. Its processes run and answer once `LocalServer.start` has resolved. */
export class LocalServer implements Server {
  readonly engine: Engine
  readonly url: string
  readonly external = false
  readonly #plan: Plan
  #processes: readonly Supervised[] = []

  private constructor(plan: Plan) {
    this.engine = plan.engine
    this.url = plan.url
    this.#plan = plan
  }

  /** @throws Error with the end of a process's log if it does not come up. */
  static async start(plan: Plan): Promise<LocalServer> {
    const server = new LocalServer(plan)
    await server.#start()
    return server
  }

  async freeze(member?: number): Promise<void> {
    await Promise.all(this.#those(member).map((each) => each.freeze()))
  }

  async thaw(member?: number): Promise<void> {
    for (const each of this.#those(member)) each.signal('SIGCONT')
  }

  async kill(member?: number): Promise<void> {
    await Promise.all(this.#those(member).map((each) => each.kill()))
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.#start()
  }

  async stop(): Promise<void> {
    const processes = this.#processes
    this.#processes = []
    await Promise.all(processes.map((each) => each.stop()))
  }

  #those(member: number | undefined): readonly Supervised[] {
    return this.#processes.filter((_, index) => member === undefined || member === index)
  }

  async #start(): Promise<void> {
    const { engine, program, processes } = this.#plan
    this.#processes = await Promise.all(processes.map((args) => Supervised.start(engine, program, args)))
    try {
      await this.#untilReady()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async #untilReady(): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS
    while (!(await this.#plan.ready(this.#processes))) {
      const ended = this.#processes.find((each) => !each.alive)
      const late = performance.now() > deadline ? this.#processes[0] : undefined
      const culprit = ended ?? late
      if (culprit !== undefined) {
        const what = ended === undefined ? `did not answer within ${START_TIMEOUT_MS} ms` : 'ended at its start'
        throw new Error(`${this.engine} ${what}:\n${culprit.log.slice(-2_000).trim()}`)
      }
      await delay(POLL_MS)
    }
  }
}
