import type { Version } from '@tiercel/cache-core/store'
import type { Cas } from 'couchbase'

/**
 * The version of one write: the document's CAS. It is unique for every mutation of a document, also after it was
 * removed or the server restarted: a hybrid logical clock (rule V1).
 */
export class CasVersion {
  readonly cas: Cas
  /** When the lifetime that this process gave ends, in milliseconds since 1970. `undefined`: given by another, or long ago. */
  readonly endsAt: number | undefined

  constructor(cas: Cas, endsAt?: number) {
    this.cas = cas
    this.endsAt = endsAt
  }
}

/** A CAS that no document has, for versions that are not of this store: without any, a write would be unconditional. */
const NO_CAS = '18446744073709551614'

export function casOf(version: Version): Cas | string {
  return version instanceof CasVersion ? version.cas : NO_CAS
}
