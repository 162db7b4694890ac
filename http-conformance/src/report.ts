import type { Judged } from './suite.js'

const KINDS = ['required', 'optimal', 'check'] as const

/** How many of each kind were passed, of how many. */
export function scores(judged: readonly Judged[]): string {
  return KINDS.map((kind) => {
    const ofKind = judged.filter(({ test }) => (test.kind ?? 'required') === kind)
    const passed = ofKind.filter(({ outcome }) => outcome === 'pass' || outcome === 'yes')
    return `${kind} ${passed.length} of ${ofKind.length}`
  }).join(' · ')
}

/** The vector of a run as text: its scores, then every test that is not passed. */
export function report(commit: string, judged: readonly Judged[]): string {
  const lines = judged
    .filter(({ outcome }) => outcome !== 'pass' && outcome !== 'yes')
    .map(({ test, outcome }) => `${(test.kind ?? 'required').padEnd(8)} ${outcome.padEnd(17)} ${test.id}`)
    .sort()
  return [`http-tests/cache-tests ${commit}`, scores(judged), ...lines, ''].join('\n')
}
