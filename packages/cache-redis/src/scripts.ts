import { createHash } from 'node:crypto'
import type { RedisClient } from './client.js'
import { isReply } from './errors.js'

/** Methods that ioredis has and its types lack. */
type InBytes = RedisClient & Readonly<Record<'evalBuffer' | 'evalshaBuffer', (...args: unknown[]) => Promise<unknown>>>

/** A Lua script, which the server runs as a whole, with nothing in between. */
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

  /** For keys of one node; answers in bytes. */
  runOnAll(client: RedisClient, keys: readonly string[], ...args: readonly (string | number)[]): Promise<unknown> {
    return this.#send(
      () => (client as InBytes).evalshaBuffer(this.#sha, keys.length, ...keys, ...args),
      () => (client as InBytes).evalBuffer(this.#lua, keys.length, ...keys, ...args),
    )
  }

  /**
   * Sends the script's hash. A server that does not know it (new, restarted, SCRIPT FLUSH, another node) has executed
   * nothing, and is sent the text.
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

/** Takes KEYS and the last byte to read of each. A key that is absent, or holds no text, gives an empty text. */
export const firstBytes = new Script(`
local all = {}
for index, key in ipairs(KEYS) do
  local found = redis.pcall('GETRANGE', key, 0, ARGV[1])
  all[index] = type(found) == 'string' and found or ''
end
return all`)

/**
 * Takes KEYS[1], the version, the stamped bytes, and the lifetime: milliseconds, `keep`, or empty for none. Returns 1
 * if it has written. An absent key reads as empty, which is no version, so that on an absent key it always fails (rule
 * V2).
 */
export const compareAndSet = new Script(`
local found = redis.call('GETRANGE', KEYS[1], 0, 15)
if found == '' or found ~= ARGV[1] then return 0 end
if ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2])
elseif ARGV[3] == 'keep' then redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1`)

/**
 * Takes KEYS[1], the stamped bytes, and the lifetime in milliseconds, or empty. Writes if there is nothing, or
 * something that no store of ours writes: an empty text, a list, a hash. Returns 1 if it has written.
 */
export const takeOver = new Script(`
local found = redis.pcall('GETRANGE', KEYS[1], 0, 0)
local foreign = type(found) == 'table' and found.err ~= nil and string.find(found.err, 'WRONGTYPE') ~= nil
if not foreign and found ~= '' then return 0 end
if ARGV[2] == '' then redis.call('SET', KEYS[1], ARGV[1]) else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return 1`)

/** Takes KEYS[1] and the version. Returns 1 if it has removed the key. */
export const compareAndDelete = new Script(`
local found = redis.call('GETRANGE', KEYS[1], 0, 15)
if found == '' or found ~= ARGV[1] then return 0 end
return redis.call('UNLINK', KEYS[1])`)

/**
 * Takes KEYS[1], the number to add, and the lifetime in milliseconds, or empty. Returns the new value as text, because
 * Lua prints only 14 digits of a number. A counter begins with its first change: reading an absent one leaves it
 * absent. Each path has a single write, so that a refused command leaves nothing half done. Returns nil if the new
 * value would not be exact as a number in JavaScript or Lua.
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
