import type { Store } from '@tiercel/cache-core/store'
import { utf8 } from '../bytes.js'
import type { ConformanceCase } from '../case.js'
import { describe, expectBytes, expectEqual, expectError, expectMiss } from '../expect.js'

const promise = 3
/** Longest key of the contract, in bytes of UTF-8. */
const MAX_KEY_BYTES = 65_536

/** Writes every key with its own value, then reads them all: no two may collide. */
async function expectDistinct(store: Store, keys: readonly string[]): Promise<void> {
  const bytes = (index: number): Uint8Array => utf8(`value ${index}`)
  for (const [index, key] of keys.entries()) await store.set(key, bytes(index))
  for (const [index, key] of keys.entries()) {
    expectBytes(`get of the key ${describe(key)} beside its like`, await store.get(key), bytes(index))
  }
  const many = await store.getMany(keys)
  for (const [index, key] of keys.entries())
    expectBytes(`getMany of the key ${describe(key)}`, many[index], bytes(index))
  await store.deleteMany(keys)
  for (const key of keys) expectMiss(`get of the deleted key ${describe(key)}`, await store.get(key))
}

/** A case whose keys, each after a text that belongs to the case, must not collide. */
function distinct(id: string, title: string, keys: readonly string[]): ConformanceCase {
  return {
    id,
    promise,
    title,
    async run({ store, key: newKey }) {
      const own = newKey()
      await expectDistinct(
        store,
        keys.map((key) => own + key),
      )
    },
  }
}

export const keys: readonly ConformanceCase[] = [
  {
    id: 'keys/one-character',
    promise,
    title: 'a key may be one character',
    async run({ open, prefix }) {
      const { store } = await open({ prefix: prefix() })
      await expectDistinct(store, ['a', 'A', '0', ' ', '%', ':', '#', '*', '/', '.', '\0', '\n', 'é', '猫', '🐈'])
    },
  },
  distinct('keys/case', 'keys that differ in case only are two', ['Key', 'key', 'KEY']),
  distinct('keys/unicode', 'keys of any Unicode, composed and decomposed, are each their own', [
    'é',
    'e\u0301',
    'ß',
    'ss',
    '猫',
    '🐈',
    '🐈\u200d⬛',
    '\ufeff',
    '\u202e',
  ]),
  distinct('keys/control', 'spaces, CRLF, NUL and tabs in a key are characters like any other', [
    ' ',
    '  ',
    '\t',
    '\r\n',
    '\n',
    '\0',
    '\0\0',
    'a\r\nset b 0 0 1\r\nx',
    '\x7f',
    '\u2028',
  ]),
  distinct('keys/patterns', 'characters of patterns and paths in a key stand for themselves', [
    '*',
    '?',
    '[a]',
    'a',
    '\\',
    '\\*',
    '%',
    '_',
    '../x',
    '/x',
    'x/',
    "'; drop",
    '$(x)',
    '$1',
  ]),
  distinct('keys/escapes', 'a key that spells the escape of another is not that other', [
    ':',
    '%3A',
    '%3a',
    '%253A',
    ' ',
    '%20',
    '+',
    '\u0000',
    '%00',
    '\\u0000',
  ]),
  distinct('keys/lone-surrogates', 'keys with lone surrogates are each their own', [
    '\ud800',
    '\ud801',
    '\udfff',
    '\ufffd',
    'a\ud800',
    '\ud800a',
  ]),
  {
    id: 'keys/object-names',
    promise,
    title: 'names that every object has are keys like any other',
    async run({ open, prefix }) {
      const { store } = await open({ prefix: prefix() })
      const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', 'then']
      for (const name of names) expectMiss(`get of the key '${name}' before any write`, await store.get(name))
      await expectDistinct(store, names)
    },
  },
  {
    id: 'keys/long',
    promise,
    title: 'keys of 64 KiB work and are compared to their last character',
    async run(context) {
      const body = context.key().padEnd(MAX_KEY_BYTES - 1, 'x')
      await expectDistinct(context.store, [`${body}a`, `${body}b`, body])
    },
  },
  {
    id: 'keys/around-limits',
    promise,
    title: 'keys as long as an engine takes, one shorter and one longer, are each their own',
    async run(context) {
      const { maxKeyBytes } = context.capabilities
      const limits = [246, 250, 255, 256, 1_024, maxKeyBytes].filter((limit) => limit < MAX_KEY_BYTES)
      const own = context.key()
      const lengths = limits.flatMap((limit) => [limit - 1, limit, limit + 1])
      await expectDistinct(
        context.store,
        [...new Set(lengths)].filter((length) => length > own.length).map((length) => own.padEnd(length, 'x')),
      )
    },
  },
  {
    id: 'keys/multibyte-limit',
    promise,
    title: 'a key limit counts bytes, and long keys of many-byte characters are each their own',
    async run(context) {
      const own = context.key()
      await expectDistinct(
        context.store,
        [60, 62, 82, 84, 125, 250, 251].flatMap((length) => [
          own + '🐈'.repeat(length),
          `${own}${'猫'.repeat(length)}`,
        ]),
      )
    },
  },
  {
    id: 'keys/refused',
    promise,
    title: 'an empty key and one beyond 64 KiB are refused',
    async run({ store }) {
      const value = utf8('value')
      for (const key of ['', 'x'.repeat(MAX_KEY_BYTES + 1), '猫'.repeat(MAX_KEY_BYTES / 3 + 1)]) {
        await expectError(`get of a key of ${key.length} characters`, () => store.get(key), 'ERR_INVALID_KEY')
        await expectError(`set of a key of ${key.length} characters`, () => store.set(key, value), 'ERR_INVALID_KEY')
      }
    },
  },
  {
    id: 'keys/prefixes',
    promise,
    title: 'stores with different prefixes do not see each other',
    async run({ open, prefix, key }) {
      const [one, other] = [await open({ prefix: prefix() }), await open({ prefix: prefix() })]
      const written = key()
      await one.store.set(written, utf8('one'))
      expectMiss('get under another prefix', await other.store.get(written))
      await other.store.set(written, utf8('other'))
      expectBytes('get under the first prefix', await one.store.get(written), utf8('one'))
      await other.store.delete(written)
      expectBytes('get after a delete under another prefix', await one.store.get(written), utf8('one'))
    },
  },
  {
    id: 'keys/prefix-separator',
    promise,
    title: 'prefix a with key b:c and prefix a:b with key c are two',
    async run({ open, prefix }) {
      const own = prefix()
      const short = await open({ prefix: own })
      for (const separator of [':', '/', '.', '%3A']) {
        const long = await open({ prefix: `${own}${separator}b` })
        await short.store.set(`b${separator}c`, utf8('short'))
        expectMiss(`prefix a${separator}b, key c`, await long.store.get('c'))
        await long.store.set('c', utf8('long'))
        expectBytes(`prefix a, key b${separator}c`, await short.store.get(`b${separator}c`), utf8('short'))
        expectMiss(`prefix a, key ${separator}b${separator}c`, await short.store.get(`${separator}b${separator}c`))
      }
    },
  },
  {
    id: 'keys/prefix-counters',
    promise,
    title: 'counters under different prefixes are two',
    needs: ['increment'],
    async run({ open, prefix, key }) {
      const [one, other] = [await open({ prefix: prefix() }), await open({ prefix: prefix() })]
      const counter = key()
      await one.store.increment(counter, 5)
      expectEqual('increment under another prefix', await other.store.increment(counter, 1), 1)
    },
  },
]
