import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

/** How soon a signal takes effect depends on the kernel's next time slices. */
const STOP_POLL_MS = 2

type Supervisor = ChildProcessByStdio<Writable, Readable, null>

/**
 * Runs the server and waits until its own input closes: the kernel closes it when the process that started this one
 * ends, in whatever way. Then it removes the server's folder and kills the whole group including itself, by SIGKILL,
 * which also ends stopped processes. While it lives, no other group can get its number.
 *
 * `$1` is the folder, the rest the command. It prints the server's process number, and later how the server ended.
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

  /** @param args Returns the program's arguments, given the private folder. */
  static async start(name: string, program: string, args: (folder: string) => readonly string[]): Promise<Supervised> {
    const folder = mkdtempSync(join(tmpdir(), `tiercel-${name}-`))
    // The shell may print the process number before it has created the file.
    writeFileSync(join(folder, 'log'), '')
    // In a group of its own (`detached`) it does not get the terminal's Ctrl-C: the supervisor decides when it ends.
    const supervisor = spawn('sh', ['-c', SUPERVISOR, 'sh', folder, program, ...args(folder)], {
      cwd: folder,
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    supervisor.stdin.on('error', () => {})
    const lines = createInterface({ input: supervisor.stdout })
    // Both lines may come at once, and the second one never comes if the supervisor was killed, too.
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

  /** Sends SIGSTOP and waits until the process has stopped: it may answer a little longer. */
  async freeze(): Promise<void> {
    this.signal('SIGSTOP')
    while (this.#alive && isRunning(this.#pid)) await delay(STOP_POLL_MS)
  }

  /** Sends SIGKILL and waits until the kernel has freed the process's ports. */
  async kill(): Promise<void> {
    this.#keepsProcessAlive(true)
    this.signal('SIGKILL')
    await this.#ended
    this.#keepsProcessAlive(false)
  }

  /** Ends the process and removes the folder. */
  async stop(): Promise<void> {
    await this.kill()
    this.#keepsProcessAlive(true)
    const gone = once(this.#supervisor, 'exit')
    this.#supervisor.stdin.end()
    if (this.#supervisor.exitCode === null && this.#supervisor.signalCode === null) await gone
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** A server that was left running must not keep a finished test run alive; one that is being stopped must. */
  #keepsProcessAlive(keeps: boolean): void {
    const { stdin, stdout } = this.#supervisor
    for (const handle of [this.#supervisor, stdin as Socket, stdout as Socket]) handle[keeps ? 'ref' : 'unref']()
  }
}

/** Whether any thread of a process still runs after SIGSTOP. Only Linux can tell; elsewhere it counts as stopped. */
function isRunning(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).some((task) => {
      const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8')
      // The state is the first field after the name, which is in parentheses and may contain anything.
      const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)
      return state !== 'T' && state !== 't'
    })
  } catch {
    return false
  }
}
