import type { CrewAnswer, CrewTask } from './crew-task.js'
import { CrewWorker } from './crew-worker.js'
import type { ProcessOptions } from './process-options.js'

/** Enough to race on two cores. They are started once for all cases. */
const CREW_SIZE = 3

/** Other processes that build the store from the same module and prefix. */
export class Crew {
  readonly #workers: readonly CrewWorker[]

  private constructor(workers: readonly CrewWorker[]) {
    this.#workers = workers
  }

  /** Resolves when each process has made its store. */
  static async start(options: ProcessOptions): Promise<Crew> {
    const workers = Array.from({ length: CREW_SIZE }, (_, index) => new CrewWorker(`worker ${index}`, options))
    const crew = new Crew(workers)
    try {
      await Promise.all(workers.map((worker) => worker.report()))
    } catch (error) {
      await crew.dismiss()
      throw error
    }
    return crew
  }

  /** All processes do the task at the same time. Resolves with one answer per process. */
  race(task: CrewTask): Promise<readonly CrewAnswer[]> {
    return run(this.#workers, task)
  }

  /** One of the processes does the task. */
  async solo(task: CrewTask): Promise<CrewAnswer> {
    const [answer = []] = await run(this.#workers.slice(0, 1), task)
    return answer
  }

  async dismiss(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.dismiss()))
  }
}

/** No process begins before all are prepared. */
async function run(workers: readonly CrewWorker[], task: CrewTask): Promise<readonly CrewAnswer[]> {
  await Promise.all(workers.map((worker) => worker.order({ prepare: task })))
  const reports = await Promise.all(workers.map((worker) => worker.order({ go: true })))
  return reports.map((report) => ('done' in report ? report.done : []))
}
