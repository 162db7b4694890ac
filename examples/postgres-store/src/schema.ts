/**
 * Two tables and a sequence. Keys are bytes: a `text` cannot hold NUL. A version is drawn from the sequence by every
 * write, and PostgreSQL never hands out a number twice: not after a crash either, as long as `synchronous_commit` is on.
 */
export const SCHEMA: readonly string[] = [
  'CREATE SEQUENCE IF NOT EXISTS tiercel_version',
  `CREATE TABLE IF NOT EXISTS tiercel_entry (
    key bytea PRIMARY KEY,
    value bytea NOT NULL,
    version bigint NOT NULL DEFAULT nextval('tiercel_version'),
    expires_at timestamptz
  )`,
  'CREATE INDEX IF NOT EXISTS tiercel_entry_expires_at ON tiercel_entry (expires_at)',
  `CREATE TABLE IF NOT EXISTS tiercel_counter (
    key bytea PRIMARY KEY,
    value bigint NOT NULL,
    expires_at timestamptz
  )`,
]

/** An index entry of PostgreSQL has at most 2 704 bytes; the prefix takes up to 301 of them. */
export const MAX_KEY_BYTES = 2_048
