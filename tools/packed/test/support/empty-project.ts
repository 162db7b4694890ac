import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inject } from 'vitest'
import { type Outcome, run, runWell } from './run.js'

const PNPM = fileURLToPath(new URL('../../../pnpm.mjs', import.meta.url))
const NODE_MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url))

/** The module resolutions in use, each with the `module` that TypeScript wants beside it. */
const MODULE = { node16: 'node16', bundler: 'esnext' } as const

export type ModuleResolution = keyof typeof MODULE
export const RESOLUTIONS = Object.keys(MODULE) as readonly ModuleResolution[]

export type PackageManager = keyof typeof INSTALL

/** Both lay packages out in the same way. npm is what most users have; pnpm takes a quarter of its time. */
const INSTALL = {
  npm: ['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'],
  pnpm: [process.execPath, PNPM, 'add', '--prefer-offline', '--ignore-scripts', '--config.node-linker=hoisted'],
} as const

/** A project of a user, outside the workspace. */
export class EmptyProject {
  readonly #manager: PackageManager
  readonly #folder = join(tmpdir(), `tiercel-project-${randomUUID()}`)

  constructor(manager: PackageManager = 'pnpm') {
    this.#manager = manager
  }

  /** Makes the folder. Packages of ours come from their tarballs, all others from the registry, or from a cache. */
  async install(...names: readonly string[]): Promise<void> {
    mkdirSync(this.#folder)
    this.write('package.json', JSON.stringify({ private: true, type: 'module' }))
    const packed = new Map(inject('packed').map(({ name, tarball }) => [name, tarball]))
    const packages = names.map((name) => packed.get(name) ?? name)
    const [command, ...args] = INSTALL[this.#manager]
    await runWell(command, [...args, ...packages], { cwd: this.#folder, timeout: 110_000 })
  }

  /** The name of every installed package, however deep. */
  installed(): readonly string[] {
    return [...new Set(packagesIn(join(this.#folder, 'node_modules')))].sort()
  }

  write(file: string, text: string): void {
    const path = join(this.#folder, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }

  run(
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    options: { readonly timeout?: number } = {},
  ): Promise<Outcome> {
    return run(command, args, { cwd: this.#folder, env, ...options })
  }

  /** A program that goes on until it is killed, in a group of its own with all that it starts. */
  start(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    return spawn(command, args, { cwd: this.#folder, env: { ...process.env, ...env }, detached: true })
  }

  /**
   * The errors of TypeScript, that of the workspace, in `files` and in every declaration of ours that they lead to.
   * @param options `types`: where Node's types come from. The workspace's, so that nothing but what is tested stands in
   *   node_modules; the project's own where the types of a framework need them.
   */
  async typeErrors(
    files: string | readonly string[],
    moduleResolution: ModuleResolution,
    { types = 'workspace' }: { readonly types?: 'workspace' | 'own' } = {},
  ): Promise<readonly string[]> {
    const compilerOptions = {
      module: MODULE[moduleResolution],
      moduleResolution,
      target: 'es2023',
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      experimentalDecorators: true,
      noEmit: true,
      types: ['node'],
      typeRoots: types === 'own' ? ['node_modules/@types'] : [join(NODE_MODULES, '@types')],
    }
    const { code, stdout } = await this.#tsc([files].flat(), compilerOptions)
    const errors = stdout.split('\n').filter((line) => line.includes('error TS'))
    if (code === null || (code !== 0 && errors.length === 0)) throw new Error(`tsc ended with ${code}:\n${stdout}`)
    // What comes with a framework is its own.
    return types === 'own' ? errors.filter((line) => !/^node_modules\/(?!@tiercel\/)/.test(line)) : errors
  }

  /** Writes `name.js` beside each `name.ts`, whatever its types are. */
  async compile(files: readonly string[]): Promise<void> {
    const decorators = { experimentalDecorators: true, emitDecoratorMetadata: true }
    const compilerOptions = {
      module: 'esnext',
      moduleResolution: 'bundler',
      target: 'es2023',
      noCheck: true,
      ...decorators,
    }
    const { code, stdout } = await this.#tsc(files, { ...compilerOptions, types: [] })
    if (code !== 0) throw new Error(`tsc ended with ${code}:\n${stdout}`)
  }

  #tsc(files: readonly string[], compilerOptions: object): Promise<Outcome> {
    this.write('tsconfig.json', JSON.stringify({ compilerOptions, files }))
    return this.run(join(NODE_MODULES, '.bin/tsc'), ['--project', '.', '--pretty', 'false'])
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function packagesIn(modules: string, scope = ''): string[] {
  if (!existsSync(modules)) return []
  const names = readdirSync(modules).filter((name) => !name.startsWith('.'))
  return names.flatMap((name) =>
    name.startsWith('@')
      ? packagesIn(join(modules, name), `${name}/`)
      : [scope + name, ...packagesIn(join(modules, name, 'node_modules'))],
  )
}
