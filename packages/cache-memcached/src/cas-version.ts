/**
 * The version of one write: memcached's CAS number and the connection that it was received on.
 *
 * CAS numbers restart at 1 with the server, and a restart always ends the connection: so a version of an earlier
 * connection matches nothing (rule V1). Connection numbers are never reused in a process, so they also distinguish
 * servers.
 */
export class CasVersion {
  readonly connection: number
  readonly cas: bigint
  /**
   * The lifetime that `'keep'` sets, in milliseconds: that of this store's own write. `undefined` (no end) for a value
   * that was read, since memcached does not report lifetimes.
   */
  readonly keepMs: number | undefined

  constructor(connection: number, cas: bigint, keepMs: number | undefined) {
    this.connection = connection
    this.cas = cas
    this.keepMs = keepMs
  }
}
