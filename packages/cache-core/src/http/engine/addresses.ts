import { RecentMap } from '../../base/recent-map.js'
import { only } from '../message/headers.js'
import type { CacheRequest } from '../message/message.js'
import type { KeyRules } from '../rules/key.js'
import { type Address, address } from './asked.js'

/** Memory for addresses, in characters of hosts and targets, each with what is made of them. */
const MAX_CHARACTERS = 1_048_576
/** What an address takes beside four times its host and target: measured 500 bytes. */
const ADDRESS_CHARACTERS = 250

interface Known {
  readonly host: string
  readonly target: string
  readonly scheme: string | undefined
  readonly address: Address & { readonly ok: true }
}

/**
 * The addresses of requests under one set of rules, computed once for a URL while it is requested often. For requests with
 * more than a target and a Host, which are rare, they are computed each time.
 */
export class Addresses {
  readonly #rules: KeyRules
  readonly #known = new RecentMap<string, Known>(MAX_CHARACTERS, (_, text) => 4 * text.length + ADDRESS_CHARACTERS)

  constructor(rules: KeyRules) {
    this.#rules = rules
  }

  /** As `address`. */
  of(request: CacheRequest): Address {
    const { target, url, scheme, origin } = request
    const plain = origin === undefined && (url === undefined || url === target)
    const host = plain ? only(request.headers, 'host') : undefined
    if (host === undefined) return address(request, this.#rules)
    const text = host + target
    const known = this.#known.get(text)
    if (known?.target === target && known.host === host && known.scheme === scheme) return known.address
    const found = address(request, this.#rules)
    if (found.ok) this.#known.set(text, { host, target, scheme, address: found })
    return found
  }
}
