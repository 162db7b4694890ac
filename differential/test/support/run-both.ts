import { createCache, memoryStore } from '@tiercel/cache-core'
import { createHttpCache } from '@tiercel/cache-core/http'
import { type Application, Notes, newSite, type Place, type Running } from './application.js'
import { type Difference, differencesOf } from './compare.js'
import type { Script, Step } from './exchange.js'
import { EXEMPTIONS, isHit, randomCookies } from './exemptions.js'
import { type Played, Player } from './play.js'
import type { Pair } from './recording.js'
import { statusOf } from './reply.js'

export interface Outcome {
  /** How many exchanges were compared, in both rounds together. */
  readonly compared: number
  /** How many of them the cache answered. */
  readonly hits: number
  readonly differences: readonly Difference[]
  /** Exchanges that do not test what they say: without a cache their status is not the one written. */
  readonly misplaced: readonly string[]
}

/** Plays a script twice against an application without a cache and one with it, step by step side by side. */
export async function runBoth(application: Application, place: Place, script: Script): Promise<Outcome> {
  const cache = createCache({ store: memoryStore() })
  const engine = createHttpCache(cache, { ttl: '1m' })
  const plain = await Side.start(application, undefined)
  const cached = await Side.start(application, { engine, place })
  const played: { round: number; plain: Played; cached: Played }[] = []
  for (const round of [1, 2]) {
    for (const step of stepsFor(application, script)) {
      const [left, right] = await Promise.all([plain.player.play(step, round), cached.player.play(step, round)])
      for (const [index, one] of left.entries()) played.push({ round, plain: one, cached: right[index] as Played })
    }
  }
  // Only then has every connection told its application that it has ended.
  await Promise.all([plain.close(), cached.close()])
  await cache.close()
  return outcomeOf(
    played.map((both) => ({
      round: both.round,
      plain: { ...both.plain, notes: plain.notes.of(both.plain.id) },
      cached: { ...both.cached, notes: cached.notes.of(both.cached.id) },
    })),
    application,
  )
}

function stepsFor({ lacks }: Application, { steps }: Script): readonly Step[] {
  return lacks === undefined ? steps : steps.filter((step) => ![step].flat().some(({ target }) => lacks.test(target)))
}

function outcomeOf(
  pairs: readonly Pair[],
  { randomCookies: names, exemptions: own = [], statuses = {} }: Application,
): Outcome {
  const exemptions = [...own, ...EXEMPTIONS, ...(names === undefined ? [] : [randomCookies(names)])]
  const differences = differencesOf(pairs, exemptions)
  const misplaced = pairs.flatMap(({ plain: { exchange, reply } }) => {
    const status = statusOf(reply.head)
    const expected = statuses[exchange.name] ?? exchange.status
    if (reply.ending === 'hangs') return [`${exchange.name}: hangs`]
    return status === expected ? [] : [`${exchange.name}: ${status}, not ${expected}`]
  })
  const hits = pairs.filter(({ cached }) => isHit(cached)).length
  return { compared: pairs.length, hits, differences, misplaced: [...new Set(misplaced)] }
}

/** One of the two runs. */
class Side {
  readonly notes: Notes
  readonly player: Player
  readonly #running: Running

  private constructor(running: Running, player: Player, notes: Notes) {
    this.#running = running
    this.player = player
    this.notes = notes
  }

  static async start(application: Application, cache: Parameters<typeof newSite>[0]): Promise<Side> {
    const notes = new Notes()
    const site = newSite(cache, notes)
    const running = await application.start(site)
    return new Side(running, new Player(running, site), notes)
  }

  async close(): Promise<void> {
    this.player.close()
    await this.#running.close()
  }
}
