import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { CrewAnswer, CrewOrder, CrewReport, CrewTask } from './crew-task.js'
import { scriptUrl } from './script-url.js'

export interface CrewOptions {
  readonly module: URL
  readonly execArgv: readonly string[]
  readonly prefix: string
  readonly timeoutMs: number
}

/** Enough to race on two cores, and started once for all cases. */
const CREW_SIZE = 3
/** A worker loads its module, a loader perhaps, and a driver, on a busy machine. */
const START_MS = 30_000

/** Other processes that build the store from the same module and prefix. */
export class Crew {
  readonly #workers: readonly ChildProcess[]

  private constructor(workers: readonly ChildProcess[]) {
    this.#workers = workers
  }

  /** Resolves when each process has made its store. */
  static async start({ module, execArgv, prefix, timeoutMs }: CrewOptions): Promise<Crew> {
    const workers = Array.from({ length: CREW_SIZE }, (_, index) =>
      fork(fileURLToPath(scriptUrl('worker')), [module.href, prefix, String(timeoutMs), `worker ${index}`], {
        execArgv: [...execArgv],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      }),
    )
    const crew = new Crew(workers)
    try {
      await Promise.all(workers.map(report))
    } catch (error) {
      await crew.dismiss()
      throw error
    }
    return crew
  }

  /** Every process does the task at the same time. Their answers, one for each process. */
  async race(task: CrewTask): Promise<readonly CrewAnswer[]> {
    await Promise.all(this.#workers.map((worker) => order(worker, { prepare: task })))
    const reports = await Promise.all(this.#workers.map((worker) => order(worker, { go: true })))
    return reports.map((report) => ('done' in report ? report.done : []))
  }

  /** One of the processes does the task. */
  async solo(task: CrewTask): Promise<CrewAnswer> {
    const [worker] = this.#workers
    await order(worker as ChildProcess, { prepare: task })
    const report = await order(worker as ChildProcess, { go: true })
    return 'done' in report ? report.done : []
  }

  /** Ends the processes. */
  async dismiss(): Promise<void> {
    await Promise.all(
      this.#workers.map(async (worker) => {
        if (worker.exitCode !== null || worker.signalCode !== null) return
        const gone = once(worker, 'exit')
        if (worker.connected) worker.disconnect()
        const late = setTimeout(() => worker.kill('SIGKILL'), 3_000)
        await gone
        clearTimeout(late)
      }),
    )
  }
}

async function order(worker: ChildProcess, message: CrewOrder): Promise<CrewReport> {
  const answer = report(worker)
  worker.send(message)
  return answer
}

/** The next report of a worker. Rejects when it failed, died or stayed silent. */
function report(worker: ChildProcess): Promise<CrewReport> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(() => reject(new Error('a worker process did not answer'))), START_MS)
    const onMessage = (message: unknown): void => {
      const seen = message as CrewReport
      end(() => ('failed' in seen ? reject(new Error(`in a worker process: ${seen.failed}`)) : resolve(seen)))
    }
    const onExit = (code: number | null): void => {
      end(() => reject(new Error(`a worker process ended (exit code ${code}) before it answered`)))
    }
    const end = (settle: () => void): void => {
      clearTimeout(timer)
      worker.off('message', onMessage)
      worker.off('exit', onExit)
      settle()
    }
    worker.on('message', onMessage)
    worker.on('exit', onExit)
  })
}
