import type { Encoded } from '../../entry/frame.js'
import type { Loaded, LoadMarks } from '../../protocol/call.js'
import type { Engine } from '../../protocol/engine.js'
import { nameTags } from '../../protocol/named-tags.js'
import { keep } from '../message/headers.js'
import type { CacheRequest } from '../message/message.js'
import type { Compression } from '../rules/compression.js'
import type { HttpCacheRules } from '../rules/options.js'
import { variantKey } from '../rules/vary.js'
import type { KeptVariants } from './kept-variants.js'
import type { OtherVariants } from './other-variants.js'
import type { Resources } from './resource.js'
import type { Keeping } from './run-request.js'
import { type Kept, windowsOf } from './stored-form.js'

/** There is nothing for waiting callers: they look again. */
export const NOTHING: Loaded = { encoded: undefined, ttlMs: 0 }

interface Parts {
  readonly engine: Engine
  readonly rules: HttpCacheRules
  readonly resources: Resources
  readonly kept: KeptVariants
  readonly others: OtherVariants
}

/** Puts responses into the slots where requests look for them. */
export class Keeper {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Stores a response in the slot of the lease where it belongs there, otherwise in its own. */
  async keep(
    request: Keeping,
    { encoded, verdict, receivedAt, headers, inCoding }: Kept,
    marks: LoadMarks,
  ): Promise<Loaded> {
    const { engine, rules, resources, kept, others } = this.#parts
    const { exchange, key, url, own, resource, variantSlot } = request
    const { tags } = verdict
    // Compressed before anybody can look for it.
    const coded = await this.#inCodings(encoded, inCoding)
    // The body may take longer than the response is fresh.
    const leftMs = receivedAt + verdict.freshForMs - engine.clock.now()
    const windows = windowsOf(verdict, leftMs)
    const staleMs = Math.max(windows.staleWhileRevalidateMs, windows.staleIfErrorMs)
    if (leftMs <= 0 && staleMs <= 0) return NOTHING
    // Not 0, which is not stored: a response that is stale from the beginning has a frame that is.
    const ttlMs = Math.max(leftMs, Number.MIN_VALUE)
    const fixed = rules.tags
    resources.noteTags(url, typeof fixed === 'function' ? tags : tags.filter((tag) => !fixed.includes(tag)))
    const present = await resources.cover(resource, verdict.vary, ttlMs + staleMs)
    if (present === undefined) return NOTHING
    const slotFor = (asked: CacheRequest): string =>
      resources.variantSlot(url, variantKey(own, present.vary, asked, key, rules))
    const life = { ttlMs, ...windows }
    const slot = slotFor(exchange.request)
    kept.kept(slot, engine.clock.now(), receivedAt + verdict.freshForMs)
    if (rules.offerVariants) others.note(request, slot, headers, encoded.payload.byteLength)
    const forms = new Map([[slot, encoded]])
    for (const [coding, form] of coded) forms.set(slotFor(takingOnly(coding, exchange.request)), form)
    // Slots beside that of the lease: the other codings; and, where the response varies on more than was known, the one in
    // which waiting requests will look.
    const { namespace } = resources
    const beside = [...forms].filter(([other]) => other !== variantSlot)
    const named = beside.length === 0 ? undefined : await nameTags(namespace, marks, tags)
    if (named !== undefined && typeof named !== 'string') {
      await Promise.all(beside.map(([to, form]) => engine.writes.put({ slot: to, namespace }, form, life, named)))
    }
    const leased = forms.get(variantSlot)
    return leased === undefined ? NOTHING : { encoded: leased, ttlMs, windows, tags }
  }

  /** The response in each coding, the plain form included; empty where it is stored in the plain form only. */
  #inCodings(plain: Encoded, inCoding: Kept['inCoding']): Promise<(readonly [Compression | undefined, Encoded])[]> {
    const { rules } = this.#parts
    const codings = inCoding === undefined ? [] : [undefined, ...(rules.compress ?? [])]
    return Promise.all(
      codings.map(async (coding) => {
        const payload = coding && (await inCoding?.(coding))
        return [coding, payload === undefined ? plain : { ...plain, payload }] as const
      }),
    )
  }
}

/** The request as if it accepted this coding alone; `undefined`: none. */
function takingOnly(coding: Compression | undefined, request: CacheRequest): CacheRequest {
  const headers = keep(request.headers, (name) => name !== 'accept-encoding')
  if (coding !== undefined) headers.push('Accept-Encoding', coding)
  return { ...request, headers }
}
