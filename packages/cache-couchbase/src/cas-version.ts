import type { Version } from '@tiercel/cache-core/store'
import type { Cas } from 'couchbase'

/**
 * The version of one write: the document's CAS, a hybrid logical clock. It is unique for each mutation of a document,
 * even across removal and restarts of the server (rule V1).
 */
export class CasVersion {
  readonly cas: Cas
  /** When the lifetime that this process set ends, in milliseconds since 1970. `undefined`: not known. */
  readonly endsAt: number | undefined

  constructor(cas: Cas, endsAt?: number) {
    this.cas = cas
    this.endsAt = endsAt
  }
}

/** A CAS that no document has, for versions of other stores. (A write without any CAS would be unconditional.) */
const NO_CAS = '18446744073709551614'

export function casOf(version: Version): Cas | string {
  return version instanceof CasVersion ? version.cas : NO_CAS
}
