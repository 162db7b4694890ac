import { headingOf, PROMISES } from '../promises.js'
import { countOutcomes, type Report } from './report.js'

/** A table for the store's README: one line per promise, and what excuses its skipped cases. */
export function markdownTable({ cases }: Report): string {
  const rows = PROMISES.flatMap((promise) => {
    const own = cases.filter((one) => one.promise === promise.id)
    if (own.length === 0) return []
    const { passed, failed, skipped } = countOutcomes(own)
    const result = failed === 0 ? `${passed} passed` : `**${failed} failed**, ${passed} passed`
    const excuses = [...new Set(own.flatMap(({ excuse }) => excuse ?? []))].join(', ')
    return [`| ${headingOf(promise)} | ${result} | ${skipped === 0 ? '' : `${skipped}: ${excuses}`} |`]
  })
  return ['| Promise | Cases | Skipped |', '| --- | --- | --- |', ...rows].join('\n')
}
