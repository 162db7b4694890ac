/**
 * The version of one write: memcached's CAS number, and the connection that told it.
 *
 * CAS numbers begin at 1 again when a server starts, and a restart always ends the connection: a version of an
 * earlier connection matches nothing (rule V1). Connection numbers are never used twice in a process, so they tell
 * servers apart too.
 */
export class CasVersion {
  readonly connection: number
  readonly cas: bigint
  /** What `'keep'` gives: the lifetime of this store's own write; of a value that was read, which memcached does not tell, no end. */
  readonly keepMs: number | undefined

  constructor(connection: number, cas: bigint, keepMs: number | undefined) {
    this.connection = connection
    this.cas = cas
    this.keepMs = keepMs
  }
}
