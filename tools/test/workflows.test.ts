import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const FOLDER = new URL('../../.github/workflows/', import.meta.url)
const WORKFLOWS = readdirSync(FOLDER).map((name) => [name, readFileSync(new URL(name, FOLDER), 'utf8')] as const)

it.each(WORKFLOWS)('%s uses actions by their hash', (_name, text) => {
  const used = [...text.matchAll(/uses: (\S+)/g)].map(([, action]) => action)
  expect(used.length).toBeGreaterThan(0)
  expect(used.filter((action) => !/@[0-9a-f]{40}$/.test(action ?? ''))).toEqual([])
})

it.each(WORKFLOWS)('%s gives no rights but those that a job names', (_name, text) => {
  expect(text).toMatch(/^permissions:( \{\}|\n {2}contents: read)\n/m)
  expect(text).not.toContain('pull_request_target')
})

it.each(WORKFLOWS)('%s leaves no token behind where the code of dependencies runs', (_name, text) => {
  // A job that may write needs it to push.
  const jobs = text.split(/^ {2}(?=[a-z]+:$)/m).filter((job) => !job.includes('contents: write'))
  const checkouts = jobs.flatMap((job) => [...job.matchAll(/uses: actions\/checkout.*\n(.*\n.*)/g)])
  expect(checkouts.length).toBeGreaterThan(0)
  for (const [, next] of checkouts) expect(next).toContain('persist-credentials: false')
})
