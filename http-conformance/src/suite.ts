import { execFile } from 'node:child_process'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

/** One test of the suite, as far as this harness reads it. */
export interface SuiteTest {
  readonly id: string
  readonly kind?: 'required' | 'optimal' | 'check'
  readonly browser_only?: boolean
  dump?: boolean
}

interface TestGroup {
  readonly tests: SuiteTest[]
}

/** `true`, or the name and the message of what failed. */
type RawResults = Record<string, true | [name: string, message: string]>

export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => void

/** What a test came to: of `required` and `optimal` pass or fail, of `check` yes or no; or it could not be judged. */
export type Outcome = 'pass' | 'fail' | 'yes' | 'no' | 'setup failed' | 'dependency failed' | 'not judged'

export interface Judged {
  readonly test: SuiteTest
  readonly outcome: Outcome
  readonly message: string | undefined
}

/** How many tests run at once: they pause for seconds, and the machine must still answer each in a fraction of one. */
const AT_ONCE = 60

/** A checkout of http-tests/cache-tests, in which `npm install` was run: its client and its origin, in this process. */
export class Suite {
  readonly commit: string
  /** What its own server does with a request. */
  readonly origin: NodeHandler
  readonly #folder: string
  readonly #groups: readonly TestGroup[]

  private constructor(folder: string, commit: string, groups: readonly TestGroup[], origin: NodeHandler) {
    this.#folder = folder
    this.commit = commit
    this.#groups = groups
    this.origin = origin
  }

  static async open(folder: string): Promise<Suite> {
    const { stdout } = await promisify(execFile)('git', ['-C', folder, 'rev-parse', 'HEAD'])
    const { default: groups } = await load<{ default: TestGroup[] }>(folder, 'tests/index.mjs')
    return new Suite(folder, stdout.trim(), groups, await originOf(folder))
  }

  /** Every test that applies to a shared cache, judged. @param only Ids; default all. */
  async judge(base: string, only?: readonly string[]): Promise<Judged[]> {
    const { runTests, getResults } = await load<{
      runTests: (groups: TestGroup[], browser: false, base: string, atOnce: number) => Promise<void>
      getResults: () => RawResults
    }>(this.#folder, 'test-engine/client/runner.mjs')
    const { testResults } = await load<{ testResults: RawResults }>(this.#folder, 'test-engine/client/test.mjs')
    for (const id of Object.keys(testResults)) delete testResults[id]
    // A run writes dates into the tests.
    const groups = structuredClone(this.#groups).map(({ tests }) => ({
      tests: tests.filter(({ id, browser_only }) => !browser_only && (only?.includes(id) ?? true)),
    }))
    if (only?.length === 1) for (const test of groups.flatMap(({ tests }) => tests)) test.dump = true
    await this.#withClientOf(() => runTests(groups, false, base, AT_ONCE))
    return this.#outcomes(groups, getResults())
  }

  /** The suite's client listens to interim responses through undici, so it must fetch by the same one. */
  async #withClientOf(run: () => Promise<void>): Promise<void> {
    const { fetch } = globalThis
    const undici = await load<{ fetch: typeof fetch }>(this.#folder, 'node_modules/undici/index.js')
    const { log, error } = console
    globalThis.fetch = undici.fetch
    try {
      await run()
    } finally {
      globalThis.fetch = fetch
      Object.assign(console, { log, error })
    }
  }

  async #outcomes(groups: readonly TestGroup[], raw: RawResults): Promise<Judged[]> {
    const { determineTestResult, resultTypes } = await load<{
      determineTestResult: (groups: readonly TestGroup[], id: string, raw: RawResults, depends: boolean) => unknown
      resultTypes: Record<string, unknown>
    }>(this.#folder, 'test-engine/lib/results.mjs')
    const names = new Map<unknown, Outcome>([
      [resultTypes.pass, 'pass'],
      [resultTypes.fail, 'fail'],
      [resultTypes.optional_fail, 'fail'],
      [resultTypes.yes, 'yes'],
      [resultTypes.no, 'no'],
      [resultTypes.setup_fail, 'setup failed'],
      [resultTypes.dependency_fail, 'dependency failed'],
    ])
    return groups
      .flatMap(({ tests }) => tests)
      .map((test) => {
        const result = raw[test.id]
        const outcome = names.get(determineTestResult(this.#groups, test.id, raw, Object.keys(raw).length > 100))
        return { test, outcome: outcome ?? 'not judged', message: Array.isArray(result) ? result[1] : undefined }
      })
  }
}

/** The suite's server without its socket: where it keeps what a test has configured, it is the same module. */
async function originOf(folder: string): Promise<NodeHandler> {
  type Handler = (path: string[], request: IncomingMessage, response: ServerResponse) => void
  const server = async (name: string): Promise<Handler> =>
    (await load<{ default: Handler }>(folder, `test-engine/server/${name}.mjs`)).default
  const handlers = {
    config: await server('handle-config'),
    test: await server('handle-test'),
    state: await server('handle-state'),
  }
  return (request, response) => {
    const [, name = '', ...path] = new URL(request.url ?? '/', 'http://localhost').pathname.split('/')
    const handler = Object.hasOwn(handlers, name) ? handlers[name as keyof typeof handlers] : undefined
    if (handler !== undefined) return handler(path, request, response)
    response.statusCode = 404
    response.end()
  }
}

function load<Module>(folder: string, file: string): Promise<Module> {
  return import(/* @vite-ignore */ pathToFileURL(join(folder, file)).href) as Promise<Module>
}
