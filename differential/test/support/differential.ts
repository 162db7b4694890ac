import { afterAll, describe, expect, test } from 'vitest'
import type { Application, Place } from './application.js'
import { showDifference } from './compare.js'
import type { Script } from './exchange.js'
import { runBoth } from './run-both.js'

/** Declares the tests of an application: each script, with the cache at each place, must show no difference. */
export function differential(
  application: Application,
  scripts: readonly Script[],
  places: readonly Place[] = application.places,
): void {
  describe.each(places)(`${application.name}, the cache %s`, (place) => {
    let compared = 0
    let hits = 0
    test.each(scripts)('$name', async (script) => {
      const outcome = await runBoth(application, place, script)
      compared += outcome.compared
      hits += outcome.hits
      expect(outcome.misplaced).toEqual([])
      if (outcome.differences.length > 0) throw new Error(outcome.differences.map(showDifference).join('\n\n'))
    })
    afterAll(() => {
      console.log(`${application.name}, the cache ${place}: ${compared} compared, ${hits} hits`)
    })
  })
}
