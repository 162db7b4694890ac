import { execFile } from 'node:child_process'

export interface Outcome {
  /** `null`: ended by a signal, for example because its time was over. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** Then it is killed. In milliseconds; default 50 s, less than a test may take. */
  readonly timeout?: number
}

/** Runs a program to its end, whatever that is. */
export function run(
  command: string,
  args: readonly string[],
  { cwd, env, timeout = 50_000 }: RunOptions,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const settings = { cwd, timeout, env: { ...process.env, ...env }, killSignal: 'SIGKILL' } as const
    const child = execFile(command, args, settings, (_, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr })
    })
  })
}

/** Like `run`, for what must go well. @throws with all that it printed. */
export async function runWell(command: string, args: readonly string[], options: RunOptions): Promise<Outcome> {
  const outcome = await run(command, args, options)
  if (outcome.code !== 0) {
    throw new Error(`${command} ${args.join(' ')} ended with ${outcome.code}:\n${outcome.stdout}${outcome.stderr}`)
  }
  return outcome
}
