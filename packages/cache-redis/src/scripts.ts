import { createHash } from 'node:crypto'
import type { RedisClient } from './client.js'
import { isReply } from './errors.js'

/** What ioredis has and its types lack. */
type InBytes = RedisClient & Readonly<Record<'evalBuffer' | 'evalshaBuffer', (...args: unknown[]) => Promise<unknown>>>

/** A Lua script: the server runs it as a whole, with nothing in between. */
class Script {
  readonly #lua: string
  readonly #sha: string

  constructor(lua: string) {
    this.#lua = lua
    this.#sha = createHash('sha1').update(lua).digest('hex')
  }

  run(client: RedisClient, key: string, ...args: readonly (Buffer | string | number)[]): Promise<unknown> {
    return this.#send(
      () => client.evalsha(this.#sha, 1, key, ...args),
      () => client.eval(this.#lua, 1, key, ...args),
    )
  }

  /** On keys of one node, and its answer in bytes. */
  runOnAll(client: RedisClient, keys: readonly string[], ...args: readonly (string | number)[]): Promise<unknown> {
    return this.#send(
      () => (client as InBytes).evalshaBuffer(this.#sha, keys.length, ...keys, ...args),
      () => (client as InBytes).evalBuffer(this.#lua, keys.length, ...keys, ...args),
    )
  }

  /**
   * By its hash. A server that does not know it (new, restarted, SCRIPT FLUSH, another node) has executed nothing and
   * gets the text.
   */
  async #send(byHash: () => Promise<unknown>, asText: () => Promise<unknown>): Promise<unknown> {
    try {
      return await byHash()
    } catch (error) {
      if (!isReply(error) || !error.message.startsWith('NOSCRIPT')) throw error
      return asText()
    }
  }
}

/** KEYS, the last byte to be read of each. What is absent, or no text, is empty. */
export const firstBytes = new Script(`
local all = {}
for index, key in ipairs(KEYS) do
  local found = redis.pcall('GETRANGE', key, 0, ARGV[1])
  all[index] = type(found) == 'string' and found or ''
end
return all`)

/**
 * KEYS[1], the version, the stamped bytes, the lifetime: milliseconds, `keep`, or empty for none. 1 when it was written.
 * An absent key reads as empty, and empty is no version: on an absent key it always fails (rule V2).
 */
export const compareAndSet = new Script(`
local found = redis.call('GETRANGE', KEYS[1], 0, 15)
if found == '' or found ~= ARGV[1] then return 0 end
if ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2])
elseif ARGV[3] == 'keep' then redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1`)

/**
 * KEYS[1], the stamped bytes, the lifetime in milliseconds or empty. Writes where nothing stands, or what no store of
 * ours writes: nothing at all as a text, a list, a hash. 1 when it was written.
 */
export const takeOver = new Script(`
local found = redis.pcall('GETRANGE', KEYS[1], 0, 0)
local foreign = type(found) == 'table' and found.err ~= nil and string.find(found.err, 'WRONGTYPE') ~= nil
if not foreign and found ~= '' then return 0 end
if ARGV[2] == '' then redis.call('SET', KEYS[1], ARGV[1]) else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return 1`)

/** KEYS[1], the version. 1 when it was removed. */
export const compareAndDelete = new Script(`
local found = redis.call('GETRANGE', KEYS[1], 0, 15)
if found == '' or found ~= ARGV[1] then return 0 end
return redis.call('UNLINK', KEYS[1])`)

/**
 * KEYS[1], the number to add, the lifetime in milliseconds or empty. The new value as text, because Lua cuts what it
 * prints of a number to 14 digits. A counter begins with its first change: reading an absent one leaves it absent. Each
 * way through has one write, so that a command that is refused leaves nothing half done. Nil where the new value would not
 * be exact as a number of JavaScript, or of Lua.
 */
export const increment = new Script(`
local present = redis.call('GET', KEYS[1])
local sum = (tonumber(present or '0') or 0) + tonumber(ARGV[1])
if sum > ${Number.MAX_SAFE_INTEGER} or sum < ${Number.MIN_SAFE_INTEGER} then return false end
if not present then
  if ARGV[1] == '0' then return '0' end
  if ARGV[2] ~= '' then
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
    return ARGV[1]
  end
end
local value = redis.call('INCRBY', KEYS[1], ARGV[1])
return string.format('%.0f', value)`)
