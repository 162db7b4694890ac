import { afterAll, describe, expect, test } from 'vitest'
import { OPEN_DIFFERENCES } from '../open-differences.js'
import type { Application, Place } from './application.js'
import { type Difference, showDifference } from './compare.js'
import type { Script } from './exchange.js'
import { runBoth } from './run-both.js'

/** Declares the tests of an application: each script at each place of the cache, without a difference. */
export function differential(
  application: Application,
  scripts: readonly Script[],
  places: readonly Place[] = application.places,
): void {
  describe.each(places)(`${application.name}, the cache %s`, (place) => {
    let compared = 0
    let hits = 0
    const open = new Set<string>()
    test.each(scripts)('$name', async (script) => {
      const outcome = await runBoth(application, place, script)
      compared += outcome.compared
      hits += outcome.hits
      expect(outcome.misplaced).toEqual([])
      const closed = outcome.differences.filter((difference) => !isOpen(application, difference, open))
      if (closed.length > 0) throw new Error(closed.map(showDifference).join('\n\n'))
    })
    afterAll(() => {
      console.log(`${application.name}, the cache ${place}: ${compared} compared, ${hits} hits`)
      for (const what of open) console.log(`open: ${what}`)
    })
  })
}

/** Whether a difference is known; `open` is told of it. */
function isOpen({ name }: Application, { lines }: Difference, open: Set<string>): boolean {
  const found = OPEN_DIFFERENCES.find(
    (one) => one.application.test(name) && lines.every((line) => one.lines.test(line)),
  )
  if (found !== undefined) open.add(found.what)
  return found !== undefined
}
