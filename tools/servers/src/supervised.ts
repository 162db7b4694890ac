import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

/** How long a signal takes to be heeded is a matter of the kernel's next time slices. */
const STOP_POLL_MS = 2

type Supervisor = ChildProcessByStdio<Writable, Readable, null>

/**
 * Runs the server and waits for its own input to close, which the kernel does when the process that started it ends,
 * however it ends. Then it removes the server's folder and kills the whole group, itself too: SIGKILL also ends what
 * SIGSTOP holds. While it lives the group's number cannot be another's.
 *
 * `$1` is the folder, the rest the command. It says the server's process number, and later how the server ended.
 */
const SUPERVISOR = `
folder=$1; shift
exec 3<&0
"$@" >"$folder/log" 2>&1 </dev/null 3<&- &
server=$!
(cat <&3 >/dev/null; rm -rf -- "$folder"; kill -KILL 0) &
echo "$server"
wait "$server"
echo "ended $?"
wait
`

/** One process of a server, with a private folder that holds its log. It never outlives the process that started it. */
export class Supervised {
  readonly folder: string
  readonly #supervisor: Supervisor
  readonly #pid: number
  readonly #ended: Promise<void>
  #alive = true

  private constructor(folder: string, supervisor: Supervisor, pid: number, ended: Promise<void>) {
    this.folder = folder
    this.#supervisor = supervisor
    this.#pid = pid
    this.#ended = ended.then(() => {
      this.#alive = false
    })
    this.#keepsProcessAlive(false)
  }

  /** @param args Is given the private folder and answers the program's arguments. */
  static async start(name: string, program: string, args: (folder: string) => readonly string[]): Promise<Supervised> {
    const folder = mkdtempSync(join(tmpdir(), `tiercel-${name}-`))
    // The shell may say the process number before it has made the file.
    writeFileSync(join(folder, 'log'), '')
    // A group of its own (`detached`) is out of reach for the terminal's Ctrl-C: the supervisor decides the end.
    const supervisor = spawn('sh', ['-c', SUPERVISOR, 'sh', folder, program, ...args(folder)], {
      cwd: folder,
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    supervisor.stdin.on('error', () => {})
    const lines = createInterface({ input: supervisor.stdout })
    // Both lines may come at once, and there is no second one when the supervisor was killed too.
    const ended = new Promise<void>((resolve) => {
      lines.once('line', () => lines.once('line', () => resolve()))
      lines.once('close', resolve)
    })
    const [pid] = (await once(lines, 'line')) as [string]
    return new Supervised(folder, supervisor, Number(pid), ended)
  }

  get alive(): boolean {
    return this.#alive
  }

  get log(): string {
    return readFileSync(join(this.folder, 'log'), 'utf8')
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#alive) process.kill(this.#pid, signal)
  }

  /** SIGSTOP, and waits until it has stopped: it may answer a little longer. */
  async freeze(): Promise<void> {
    this.signal('SIGSTOP')
    while (this.#alive && isRunning(this.#pid)) await delay(STOP_POLL_MS)
  }

  /** SIGKILL, and waits until the kernel has taken the process's ports back. */
  async kill(): Promise<void> {
    this.#keepsProcessAlive(true)
    this.signal('SIGKILL')
    await this.#ended
    this.#keepsProcessAlive(false)
  }

  /** Ends it and removes the folder. */
  async stop(): Promise<void> {
    await this.kill()
    this.#keepsProcessAlive(true)
    const gone = once(this.#supervisor, 'exit')
    this.#supervisor.stdin.end()
    if (this.#supervisor.exitCode === null && this.#supervisor.signalCode === null) await gone
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** A server left running must not keep a finished test run from ending; one that is being stopped must. */
  #keepsProcessAlive(keeps: boolean): void {
    const { stdin, stdout } = this.#supervisor
    for (const handle of [this.#supervisor, stdin as Socket, stdout as Socket]) handle[keeps ? 'ref' : 'unref']()
  }
}

/** Whether any thread of a process still runs after SIGSTOP. Only Linux tells; elsewhere it is taken for stopped. */
function isRunning(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).some((task) => {
      const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8')
      // The state is the first field behind the name, which stands in parentheses and may hold anything.
      const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)
      return state !== 'T' && state !== 't'
    })
  } catch {
    return false
  }
}
