import { InvalidOptionError } from '../../base/errors.js'
import { EVERYTHING, parseTags } from '../../base/tags.js'
import type { Engine } from '../../protocol/engine.js'
import type { Delivery } from '../../protocol/journal.js'
import type { CacheRequest, CacheResponse } from '../message/message.js'
import { invalidatedByRoute, invalidatedGroups, isDone, requestsBeside } from '../rules/after-write.js'
import { invalidatedTargets } from '../rules/invalidation.js'
import type { UrlKey } from '../rules/key.js'
import type { HttpCacheRules } from '../rules/options.js'
import { parsePrefix } from '../rules/prefix.js'
import { purgeRequests } from '../rules/purge.js'
import { address } from './asked.js'
import { keyForms, markedDepth } from './key-forms.js'
import type { Resources, UrlText } from './resource.js'

/** Removes responses, or makes them stale: by hand, and after a write. */
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
    const purges = this.#ofUrls(purgeRequests(url, this.#rules.host), soft)
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
    const tags = this.#prefixTags(prefix)
    this.#engine.checkOpen('purgePrefix')
    return this.#invalidate(tags, soft)
  }

  /** Tags of which the responses under a prefix carry one. @throws InvalidOptionError where not all do. */
  #prefixTags(prefix: string): readonly string[] {
    const { tags, depth } = parsePrefix(prefix)
    if (depth === 0) return [EVERYTHING]
    const marked = markedDepth(this.#engine) ?? this.#rules.prefixDepth
    if (depth <= marked) return tags
    const needed = `needs prefixDepth: ${depth} on every httpCache of this cache, one has ${marked}`
    throw new InvalidOptionError('prefix', `of ${depth} ${depth === 1 ? 'segment' : 'segments'} ${needed}`)
  }

  /** @throws StoreClosedError */
  async all(soft: boolean): Promise<Delivery> {
    this.#engine.checkOpen('purgeAll')
    return this.#invalidate([EVERYTHING], soft)
  }

  /**
   * Returns a function that invalidates what a write has changed (RFC 9111 section 4.4), to be called with the head of its
   * response, once or again. It returns a promise to be settled before the answer ends, since a client that has read the answer
   * must not find the old response; `undefined` where nothing is invalid. The promise never rejects.
   */
  afterWrite(request: CacheRequest): (head: CacheResponse) => Promise<void> | undefined {
    if (this.#rules.eviction === 'time') return () => undefined
    let byRoute: ((head: CacheResponse) => Promise<Delivery>[]) | undefined
    return (head) => {
      const targets = invalidatedTargets(request, head).map((target) => ({ ...request, target, url: target }))
      const purges = this.#ofUrls(targets, false)
      if (isDone(head)) {
        byRoute ??= this.#byRoute(request, head)
        const groups = invalidatedGroups(head)
        if (groups.length > 0) purges.push(this.#invalidate(groups, false))
        purges.push(...byRoute(head))
      }
      // Rejected only by a closed cache, which answers nobody.
      return purges.length === 0 ? undefined : Promise.allSettled(purges).then(() => undefined)
    }
  }

  /** What the route's `invalidate` says, asked for once. Its errors are reported to the developer, not to the client. */
  #byRoute(request: CacheRequest, head: CacheResponse): () => Promise<Delivery>[] {
    const { invalidate } = this.#rules
    if (invalidate === undefined) return () => []
    const failed = (error: unknown): void => {
      this.#engine.stats.routeFailed(this.#resources.namespace, 'invalidate', error)
    }
    try {
      const said = invalidatedByRoute(request, head, invalidate)
      if (said === undefined) return () => []
      const { tags, prefixes, urls, soft } = said
      const requests = urls.flatMap((url) => requestsBeside(request, url))
      const marks = [...tags, ...prefixes.flatMap((prefix) => this.#prefixTags(prefix))]
      return () => [...this.#ofUrls(requests, soft), ...(marks.length === 0 ? [] : [this.#invalidate(marks, soft)])]
    } catch (error) {
      failed(error)
      return () => []
    }
  }

  /** `EVERYTHING` is voided by the namespace's own mark. */
  #invalidate(tags: readonly string[], soft: boolean): Promise<Delivery> {
    const { invalidations } = this.#engine
    const { namespace } = this.#resources
    if (soft || !tags.includes(EVERYTHING)) return invalidations.tags(namespace, tags, soft)
    const others = tags.filter((tag) => tag !== EVERYTHING)
    const all = invalidations.clear(namespace)
    return others.length === 0 ? all : together([all, invalidations.tags(namespace, others, false)])
  }

  /** Purges every name under which responses to these requests may be stored. */
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

  /** Makes a URL stale. Where the store does not take that, its responses are removed instead. */
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
