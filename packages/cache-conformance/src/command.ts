import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import type { ConformanceCase } from './case.js'
import { CASES } from './cases/index.js'
import { loadModule } from './processes/load-module.js'
import { markdownTable } from './report/markdown.js'
import type { Report } from './report/report.js'
import { textReport } from './report/text.js'
import { runCases } from './run-cases.js'

const USAGE = `Usage: cache-conformance <module> [options]

Runs the store that a module makes through the contract of @tiercel/cache-core.
The default export of the module makes a store: export default ({ prefix }) => myStore({ prefix })

Options
  --only <id>   run only this case, or this group of cases (repeatable)
  --list        print the cases and run none
  --json        print the report as JSON
  --markdown    print a table for a README
  --help        print this text

Exit code: 0 the store keeps the contract, 1 it does not, 2 the command could not be run.
`

const EXIT = { kept: 0, broken: 1, unusable: 2 } as const

export interface Output {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

/** A mistake in the command that its user must correct. */
class UsageError extends Error {}

/** The whole command, except for ending the process. Resolves with the exit code. */
export async function runCommand(args: readonly string[], { out, err }: Output): Promise<number> {
  try {
    const { values, positionals } = parse(args)
    if (values.help) {
      out(USAGE)
      return EXIT.kept
    }
    const cases = choose(values.only ?? [])
    if (values.list) {
      out(`${cases.map(({ id, title }) => `${id}: ${title}`).join('\n')}\n`)
      return EXIT.kept
    }
    const [path, ...more] = positionals
    if (path === undefined) throw new UsageError('name the module of the store, as in: cache-conformance ./my-store.js')
    if (more.length > 0) throw new UsageError(`one module at a time, please; '${more.join(' ')}' is too much`)
    const report = await runModule(path, cases)
    if (values.json) out(`${JSON.stringify(report, undefined, 2)}\n`)
    else if (values.markdown) out(`${markdownTable(report)}\n`)
    else out(`${textReport(report, `cache-conformance ${path}`)}\n\n${markdownTable(report)}\n`)
    return report.failed === 0 ? EXIT.kept : EXIT.broken
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    err(`cache-conformance: ${error.message}\n`)
    return EXIT.unusable
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        only: { type: 'string', multiple: true },
        list: { type: 'boolean' },
        json: { type: 'boolean' },
        markdown: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    const [sentence] = (error as Error).message.split('. ')
    throw new UsageError(`${sentence}; see cache-conformance --help`)
  }
}

function choose(only: readonly string[]): readonly ConformanceCase[] {
  const matches = (wanted: string): ((one: ConformanceCase) => boolean) => {
    const group = `${wanted.replace(/\/$/, '')}/`
    return ({ id }) => id === wanted || id.startsWith(group)
  }
  const unknown = only.find((wanted) => !CASES.some(matches(wanted)))
  if (unknown !== undefined) {
    throw new UsageError(`there is no case or group '${unknown}'; cache-conformance --list prints them`)
  }
  return only.length === 0 ? CASES : CASES.filter((one) => only.some((wanted) => matches(wanted)(one)))
}

async function runModule(path: string, cases: readonly ConformanceCase[]): Promise<Report> {
  const url = path.startsWith('file:') ? new URL(path) : pathToFileURL(resolve(path))
  try {
    const { default: create, ...given } = await loadModule(url)
    return await runCases({ ...given, create, cases, module: url, execArgv: process.execArgv })
  } catch (error) {
    throw new UsageError(`${path}: ${(error as Error).message}`)
  }
}
