import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { vi } from 'vitest'
import type { EmptyProject } from './empty-project.js'

export interface Runtime {
  /** A package for this system alone that holds the program and needs no step after it is installed. */
  readonly package: string
  readonly program: string
  /** Before the file to run. */
  readonly args: readonly string[]
  /** Serves the `handler` of a module, and prints where it listens: `listening` and the port, or JSON with it. */
  serve(module: string): string
}

/** On Linux and x64. */
export const RUNTIMES = {
  bun: {
    package: '@oven/bun-linux-x64-baseline@1',
    program: 'node_modules/@oven/bun-linux-x64-baseline/bin/bun',
    args: [],
    serve: (module) => `
      import { handler } from '${module}'
      const options = { port: 0, hostname: '127.0.0.1', development: false, fetch: handler }
      const { port } = Bun.serve({ ...options, routes: { '/items/:id': { GET: handler } } })
      console.log('listening', port)`,
  },
  deno: {
    package: '@deno/linux-x64-glibc@2',
    program: 'node_modules/@deno/linux-x64-glibc/deno',
    args: ['run', '--allow-all'],
    serve: (module) => `
      import { handler } from '${module}'
      Deno.serve({ port: 0, hostname: '127.0.0.1', onListen: ({ port }) => console.log('listening', port) }, handler)`,
  },
} as const satisfies Readonly<Record<string, Runtime>>

/** Cloudflare's. Its programs are bundled, and there is no file to run but a configuration. */
export const WORKERD = {
  package: '@cloudflare/workerd-linux-64@1',
  program: 'node_modules/@cloudflare/workerd-linux-64/bin/workerd',
  args: ['serve', '--control-fd=1'],
  config: (bundle: string): string => `
    using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [(name = "main", worker = .app)],
      sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
    );
    const app :Workerd.Worker = (
      modules = [(name = "worker", esModule = embed "${bundle}")],
      compatibilityDate = "2026-01-01",
      compatibilityFlags = ["nodejs_compat"],
    );`,
} as const

export interface RunningServer {
  readonly url: string
  stop(): Promise<void>
}

/** Starts what prints the port that it listens on. @throws with what it printed where it ends before. */
export async function startProgram(
  project: EmptyProject,
  program: string,
  args: readonly string[],
): Promise<RunningServer> {
  const child = project.start(program, args)
  let printed = ''
  for (const output of [child.stdout, child.stderr]) output?.on('data', (text) => (printed += text))
  const port = await vi.waitUntil(
    () => {
      if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}:\n${printed}`)
      return /(?:listening |"port":)(\d+)/.exec(printed)?.[1]
    },
    { timeout: 50_000 },
  )
  return { url: `http://127.0.0.1:${port}`, stop: () => stop(child) }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return
  const ended = once(child, 'exit')
  process.kill(-child.pid, 'SIGKILL')
  await ended
}
