import { startServer } from '@tiercel/servers'
import { describe, expect, it } from 'vitest'
import { behindCache, FORM_NAMES } from '../src/forms.js'
import { report } from '../src/report.js'
import { Suite } from '../src/suite.js'

/** A checkout of http-tests/cache-tests in which `npm install` was run. It is never part of this repository. */
const folder = process.env.CACHE_TESTS ?? ''

const NOT_RUN = 'not run: CACHE_TESTS=<folder> names no checkout of http-tests/cache-tests'

/** A run takes half a minute, most of it pauses. Milliseconds. */
const RUN_TIMEOUT = 300_000

const PROFILES = { safe: {}, rfc9111: { profile: 'rfc9111' } } as const

describe('http-tests/cache-tests comes to its expected vector', () => {
  for (const form of FORM_NAMES) {
    for (const [profile, options] of Object.entries(PROFILES)) {
      it(`${form}, profile ${profile}`, { timeout: RUN_TIMEOUT }, async ({ skip }) => {
        if (folder === '') skip(NOT_RUN)
        const suite = await Suite.open(folder)
        const judged = await behindCache(form, suite.origin, options, (base) => suite.judge(base))
        await expect(report(suite.commit, judged)).toMatchFileSnapshot(`expected/${form}-${profile}.txt`)
      })
    }
  }

  it('node on Redis, profile rfc9111: the same', { timeout: RUN_TIMEOUT }, async ({ skip }) => {
    if (folder === '') skip(NOT_RUN)
    const redis = await startServer('redis')
    if (redis === undefined) return skip('not run: there is no Redis')
    try {
      const suite = await Suite.open(folder)
      const judged = await behindCache('node', suite.origin, PROFILES.rfc9111, (base) => suite.judge(base), redis.url)
      await expect(report(suite.commit, judged)).toMatchFileSnapshot('expected/node-rfc9111.txt')
    } finally {
      await redis.stop()
    }
  })
})
