import type { HttpCacheRules } from '../rules/options.js'
import { prefixTags } from '../rules/prefix.js'
import type { ResourceName } from '../rules/resource-name.js'
import { fixedTags } from '../rules/route-verdict.js'
import type { Resources, UrlText } from './resource.js'

const NO_TAGS: readonly string[] = []

/** The tags that are known of a response before its handler runs. */
export class CommonTags {
  readonly #resources: Resources
  readonly #prefixDepth: number
  /** What every response carries. */
  readonly #fixed: readonly string[]

  constructor(rules: HttpCacheRules, resources: Resources) {
    this.#resources = resources
    this.#prefixDepth = rules.prefixDepth
    this.#fixed = fixedTags(rules)
  }

  /** The tags of every response of a URL; where `url` is given, also those that its last response has named itself. */
  of([, path]: ResourceName, url?: UrlText): readonly string[] {
    const hinted = url === undefined ? NO_TAGS : this.#resources.hintedTags(url)
    if (this.#prefixDepth === 0 && hinted.length === 0) return this.#fixed
    return [...new Set([...this.#fixed, ...prefixTags(path, this.#prefixDepth), ...hinted])]
  }
}
