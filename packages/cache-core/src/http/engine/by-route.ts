import type { Engine } from '../../protocol/engine.js'
import type { CacheRequest, CacheResponse } from '../message/message.js'
import type { HttpCacheRules } from '../rules/options.js'
import { routeVerdict } from '../rules/route-verdict.js'
import type { AcceptedByItself, Refusal } from '../rules/storable.js'
import type { Resources } from './resource.js'
import type { Accepted } from './stored-form.js'

interface Parts {
  readonly engine: Engine
  readonly rules: HttpCacheRules
  readonly resources: Resources
}

/** Asks the functions of the route about a response that may be stored by all other rules. Reports those that fail. */
export function byRoute(
  { engine, rules, resources }: Parts,
  request: CacheRequest,
  head: CacheResponse,
  verdict: AcceptedByItself,
): Accepted | Refusal {
  const route = routeVerdict(request, head, rules)
  if (route.storable) return { tags: route.tags, ...verdict }
  const { failed } = route
  if (failed !== undefined) engine.stats.routeFailed(resources.namespace, failed.option, failed.error)
  return route
}
