import { headingOf, PROMISES } from '../promises.js'
import { type CaseResult, countOutcomes, type Report } from './report.js'

const MARKS: Readonly<Record<CaseResult['outcome'], string>> = { passed: '✓', failed: '✗', skipped: '-' }

/** The report for people: every promise with its cases and, for each failure, what was expected and seen. */
export function textReport(report: Report, command: string): string {
  return [
    ...PROMISES.flatMap((promise) =>
      section(
        headingOf(promise),
        report.cases.filter((one) => one.promise === promise.id),
      ),
    ),
    ...summary(report, command),
  ].join('\n')
}

function section(heading: string, cases: readonly CaseResult[]): readonly string[] {
  if (cases.length === 0) return []
  return [`${heading}: ${counts(cases)}`, ...cases.flatMap(lines), '']
}

function lines({ id, title, outcome, excuse, failure, expected, seen }: CaseResult): readonly string[] {
  const line = `  ${MARKS[outcome]} ${title}`
  if (outcome === 'passed') return [line]
  if (outcome === 'skipped') return [`${line} (skipped: ${excuse})`]
  if (expected === undefined) return [line, `      case     ${id}`, `      failed   ${failure}`]
  const what = (failure ?? '').replace(`: expected ${expected}, seen ${seen}`, '')
  return [
    line,
    `      case     ${id}`,
    `      where    ${what}`,
    `      expected ${expected}`,
    `      seen     ${seen}`,
  ]
}

function summary({ store, failed, cases }: Report, command: string): readonly string[] {
  const first = cases.find(({ outcome }) => outcome === 'failed')
  const verdict = failed === 0 ? 'keeps the contract' : 'does not keep the contract'
  return [
    `${store} ${verdict}: ${counts(cases)}`,
    ...(first === undefined ? [] : [`Run one case again: ${command} --only ${first.id}`]),
  ]
}

function counts(cases: readonly CaseResult[]): string {
  return Object.entries(countOutcomes(cases))
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ')
}
