import { ALL_BYTE_VALUES, noise, utf8 } from '../bytes.js'
import type { ConformanceCase } from '../case.js'
import { expectBytes, expectTrue } from '../expect.js'
import { writePathsOf } from './write-paths.js'

const promise = 1
const EMPTY = new Uint8Array()

/** Texts that a driver or a protocol may mistake for something else. */
const LOOK_ALIKES = [
  '0',
  '-1',
  '1e3',
  'null',
  'undefined',
  'true',
  '""',
  '{}',
  '[1]',
  'END\r\n',
  '$-1\r\n',
  ' x ',
  '\0',
]

export const bytes: readonly ConformanceCase[] = [
  {
    id: 'bytes/empty',
    promise,
    title: 'an empty value is a value and not a miss, however it was written',
    async run({ store, key }) {
      for (const { name, write } of writePathsOf(store)) {
        const written = key(name)
        await write(store, written, EMPTY)
        expectBytes(`get of an empty value written by ${name}`, await store.get(written), EMPTY)
        const [entry] = await store.getMany([written])
        expectBytes(`getMany of an empty value written by ${name}`, entry, EMPTY)
      }
    },
  },
  {
    id: 'bytes/all-values',
    promise,
    title: 'every byte from 0 to 255 comes back, however it was written and read',
    async run({ store, key }) {
      for (const { name, write } of writePathsOf(store)) {
        const written = key(name)
        await write(store, written, ALL_BYTE_VALUES)
        expectBytes(`get of the bytes 0 to 255 written by ${name}`, await store.get(written), ALL_BYTE_VALUES)
        const [entry] = await store.getMany([written])
        expectBytes(`getMany of the bytes 0 to 255 written by ${name}`, entry, ALL_BYTE_VALUES)
      }
    },
  },
  {
    id: 'bytes/views',
    promise,
    title: 'a Uint8Array, a Buffer and a view into a larger buffer are the same',
    async run({ store, key }) {
      const expected = utf8('payload')
      const plain = Uint8Array.from(expected)
      const view = Uint8Array.from(utf8('__payload__')).subarray(2, 9)
      for (const [form, value] of Object.entries({ Buffer: expected, Uint8Array: plain, view })) {
        for (const { name, write } of writePathsOf(store)) {
          const written = key(form + name)
          await write(store, written, value)
          expectBytes(`get of a ${form} written by ${name}`, await store.get(written), expected)
        }
      }
    },
  },
  {
    id: 'bytes/uint8array-out',
    promise,
    title: 'what is read is a Uint8Array',
    async run({ store, key }) {
      const written = key()
      await store.set(written, utf8('text'))
      const entry = await store.get(written)
      const seen = entry?.bytes
      expectTrue('the type of bytes', seen instanceof Uint8Array, 'a Uint8Array', typeof seen)
    },
  },
  {
    id: 'bytes/look-alikes',
    promise,
    title: 'bytes that look like numbers, JSON or protocol come back as they are',
    async run({ store, key }) {
      const written = LOOK_ALIKES.map((text) => ({ key: key(), bytes: utf8(text) }))
      await Promise.all(written.map((one) => store.set(one.key, one.bytes)))
      for (const one of written) {
        expectBytes(`get of ${JSON.stringify(one.bytes.toString())}`, await store.get(one.key), one.bytes)
      }
    },
  },
  {
    id: 'bytes/sizes',
    promise,
    title: 'values of 1 byte to 1 MiB come back equal, up to the declared limit',
    async run({ store, capabilities, key }) {
      const sizes = [1, 2, 127, 128, 1_023, 4_096, 65_535, 65_536, 300_000, 1_048_576]
      for (const size of sizes.filter((one) => one <= capabilities.maxValueBytes)) {
        const value = noise(size)
        const written = key()
        await store.set(written, value)
        expectBytes(`get of ${size} random bytes`, await store.get(written), value)
        await store.delete(written)
      }
    },
  },
  {
    id: 'bytes/at-limit',
    promise,
    title: 'a value as large as maxValueBytes fits',
    async run({ capabilities, largestValueBytes, timeoutMs, key, open }) {
      const { store } = await open({ timeoutMs: 5 * timeoutMs })
      const value = noise(Math.min(capabilities.maxValueBytes, largestValueBytes))
      const written = key()
      await store.set(written, value)
      expectBytes(`get of ${value.byteLength} bytes`, await store.get(written), value)
      await store.delete(written)
    },
  },
  {
    id: 'bytes/concurrent',
    promise,
    title: 'of many values read at once, each caller gets its own',
    async run({ store, key }) {
      const written = Array.from({ length: 100 }, (_, index) => ({ key: key(), bytes: noise(1 + 61 * index) }))
      await Promise.all(written.map((one) => store.set(one.key, one.bytes)))
      await Promise.all(
        written.map(async (one) => {
          expectBytes('one of 100 gets at once', await store.get(one.key), one.bytes)
        }),
      )
    },
  },
]
