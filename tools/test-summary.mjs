// Adds up the results that the packages' test runs left. Pure: tools/test.mjs reads the files and prints the lines.

/**
 * @typedef {import('./vitest-results.mjs').Results} Results
 * @typedef {import('./vitest-results.mjs').Failure} Failure
 *
 * @typedef {object} TestRun  One package's test task in this run, executed or restored from turbo's cache.
 * @property {string} name
 * @property {number | undefined} exitCode  `undefined`: not started, since something that it needs failed.
 * @property {boolean} hasTestFiles
 * @property {Results | undefined} results  `undefined`: it left none.
 * @property {readonly { engine: string, reason: string }[]} skippedServers
 *
 * @typedef {object} Summary
 * @property {number} passed
 * @property {readonly Failure[]} failures
 * @property {readonly Skip[]} skips
 *
 * @typedef {{ where: string, name: string, reason: string }} Skip
 */

/**
 * @param {readonly TestRun[]} runs
 * @param {readonly Failure[]} otherFailures  Of checks, builds and servers.
 * @param {{ ci: boolean }} options  In CI a server that could not be started is a failure.
 * @returns {Summary}
 */
export function summarize(runs, otherFailures, { ci }) {
  const skippedServers = runs.flatMap((run) =>
    run.skippedServers.map(({ engine, reason }) => ({ where: run.name, name: `${engine} server`, reason })),
  )
  const skippedTests = runs.flatMap((run) =>
    (run.results?.skips ?? []).map(({ name, reason }) => ({ where: run.name, name, reason: reason ?? why(run) })),
  )
  return {
    passed: runs.reduce((sum, run) => sum + (run.results?.passed ?? 0), 0),
    failures: [
      ...otherFailures,
      ...runs.flatMap(failuresOf),
      ...(ci
        ? skippedServers.map(({ where, name, reason }) => ({
            name: `${where}: ${name}`,
            message: `could not be started: ${reason}`,
          }))
        : []),
    ],
    skips: [...(ci ? [] : skippedServers), ...skippedTests],
  }
}

/** @param {TestRun} run */
function why(run) {
  const engines = run.skippedServers.map(({ engine }) => engine)
  return engines.length > 0 ? `no ${engines.join(', ')} server` : 'no reason given'
}

/**
 * @param {TestRun} run
 * @returns {Failure[]}
 */
function failuresOf({ name, exitCode, hasTestFiles, results }) {
  if (exitCode === undefined) return [{ name, message: 'was not run, since something it needs failed' }]
  const counted = results === undefined ? 0 : results.passed + results.failures.length + results.skips.length
  if (hasTestFiles && counted === 0)
    return [{ name, message: `has test files but left no results (exit code ${exitCode})` }]
  const failures = (results?.failures ?? []).map((failure) => ({ ...failure, name: `${name}: ${failure.name}` }))
  if (exitCode !== 0 && failures.length === 0) return [{ name, message: `ended with exit code ${exitCode}` }]
  return failures
}

/**
 * The lines at the end of a run: what was skipped, what failed, and in the very last line the numbers.
 * @param {Summary} summary
 * @returns {string[]}
 */
export function summaryLines({ passed, failures, skips }) {
  const numbers = [
    `${passed} passed`,
    `${failures.length} failed`,
    ...(skips.length > 0 ? [`${skips.length} skipped`] : []),
  ]
  return [
    ...(skips.length > 0 ? ['', 'Skipped:', ...skipLines(skips)] : []),
    ...(failures.length > 0
      ? ['', 'Failed:', ...failures.map(({ name, message }) => `  ${name}: ${firstLine(message)}`)]
      : []),
    '',
    numbers.join(', '),
  ]
}

/**
 * What one package skipped for one reason, under one heading.
 * @param {readonly Skip[]} skips
 */
function skipLines(skips) {
  /** @type {Map<string, string[]>} */
  const groups = new Map()
  for (const { where, name, reason } of skips) {
    const heading = `  ${where}, ${reason}:`
    groups.set(heading, [...(groups.get(heading) ?? []), `    ${name}`])
  }
  return [...groups].flatMap(([heading, names]) => [heading, ...names])
}

/** @param {string} message */
function firstLine(message) {
  return message.trim().split('\n')[0] ?? ''
}
