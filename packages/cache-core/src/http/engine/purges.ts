import { InvalidOptionError } from '../../base/errors.js'
import { EVERYTHING, parseTags } from '../../base/tags.js'
import type { Engine } from '../../protocol/engine.js'
import type { Delivery } from '../../protocol/journal.js'
import type { CacheRequest, CacheResponse } from '../message/message.js'
import { invalidatedTargets } from '../rules/invalidation.js'
import type { UrlKey } from '../rules/key.js'
import type { HttpCacheRules } from '../rules/options.js'
import { parsePrefix } from '../rules/prefix.js'
import { purgeRequests } from '../rules/purge.js'
import { address } from './asked.js'
import { keyForms, markedDepth } from './key-forms.js'
import type { Resources, UrlText } from './resource.js'

/** What removes responses, or makes them stale: by hand, and after a write. */
export class Purges {
  readonly #engine: Engine
  readonly #rules: HttpCacheRules
  readonly #resources: Resources

  constructor(engine: Engine, rules: HttpCacheRules, resources: Resources) {
    this.#engine = engine
    this.#rules = rules
    this.#resources = resources
  }

  /** @throws InvalidOptionError when nothing could be stored under `url`, StoreClosedError */
  async url(url: string, soft: boolean): Promise<Delivery> {
    this.#engine.checkOpen('purge')
    const purges = this.#ofUrls(purgeRequests(url, this.#rules), soft)
    if (purges.length === 0) throw new InvalidOptionError('url', 'no response is ever stored for it')
    return together(purges)
  }

  /** @throws InvalidOptionError naming `tags`, StoreClosedError */
  async tags(tags: readonly string[], soft: boolean): Promise<Delivery> {
    const names = parseTags(tags)
    this.#engine.checkOpen('purgeTags')
    return this.#invalidate(names, soft)
  }

  /** @throws InvalidOptionError where responses do not carry what tells them by this prefix, StoreClosedError */
  async prefix(prefix: string, soft: boolean): Promise<Delivery> {
    const { tags, depth } = parsePrefix(prefix)
    if (depth === 0) return this.all(soft)
    const marked = markedDepth(this.#engine) ?? this.#rules.prefixDepth
    if (depth > marked) {
      const needed = `needs prefixDepth: ${depth} on every httpCache of this cache, one has ${marked}`
      throw new InvalidOptionError('prefix', `of ${depth} ${depth === 1 ? 'segment' : 'segments'} ${needed}`)
    }
    this.#engine.checkOpen('purgePrefix')
    return this.#invalidate(tags, soft)
  }

  /** @throws StoreClosedError */
  async all(soft: boolean): Promise<Delivery> {
    this.#engine.checkOpen('purgeAll')
    if (soft) return this.#invalidate([EVERYTHING], true)
    return this.#engine.invalidations.clear(this.#resources.namespace)
  }

  /**
   * RFC 9111 section 4.4. Settled before the answer ends: a client that has read it must not find the old response.
   * `undefined`: nothing is invalid. Never rejects.
   */
  afterUnsafe(request: CacheRequest, head: CacheResponse): Promise<void> | undefined {
    const targets = invalidatedTargets(request, head).map((target) => ({ ...request, target, url: target }))
    const deletes = this.#ofUrls(targets, false)
    // Of a cache that is closed there is nothing to fear: it answers nobody.
    return deletes.length === 0 ? undefined : Promise.allSettled(deletes).then(() => undefined)
  }

  #invalidate(tags: readonly string[], soft: boolean): Promise<Delivery> {
    return this.#engine.invalidations.tags(this.#resources.namespace, tags, soft)
  }

  /** Of every name under which these requests may be stored. */
  #ofUrls(requests: readonly CacheRequest[], soft: boolean): Promise<Delivery>[] {
    const keys = new Map<UrlText, UrlKey>()
    for (const form of keyForms(this.#engine)) {
      for (const request of requests) {
        const found = address(request, form)
        if (found.ok) keys.set(found.url, found.key)
      }
    }
    return Array.from(keys, ([url, key]) => (soft ? this.#soften(url, key) : this.#delete(url, key)))
  }

  #delete(url: UrlText, key: UrlKey): Promise<Delivery> {
    const { namespace } = this.#resources
    return this.#engine.invalidations.delete(this.#resources.urlSlot(url), namespace, key)
  }

  /** Where the store does not take it, what it holds cannot be known to be stale: then it is removed. */
  async #soften(url: UrlText, key: UrlKey): Promise<Delivery> {
    const softened = await this.#resources.soften(url)
    if (!softened) return this.#delete(url, key)
    this.#engine.stats.invalidated(this.#resources.namespace, key, 'delivered', true)
    return 'delivered'
  }
}

async function together(purges: readonly Promise<Delivery>[]): Promise<Delivery> {
  const outcomes = await Promise.all(purges)
  return outcomes.includes('journaled') ? 'journaled' : 'delivered'
}
