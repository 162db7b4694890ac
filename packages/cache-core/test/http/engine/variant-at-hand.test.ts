import { expect, it } from 'vitest'
import { encodeFrame, type ValueFrame } from '../../../src/entry/frame.js'
import { encodeResponse } from '../../../src/http/engine/stored-response.js'
import { openVariant, passMark } from '../../../src/http/engine/variant.js'
import { variantAtHand } from '../../../src/http/engine/variant-at-hand.js'
import { type AtHand, encodedAtHand } from '../../../src/protocol/at-hand.js'
import { KnownFrames } from '../../../src/protocol/known-frames.js'

function responseOf(body: string, headers: readonly string[] = ['Content-Type', 'text/plain']): Encoded {
  const times = { receivedAt: 1_000, ageMs: 0, freshForMs: 60_000, staleIfErrorMs: 0 }
  const head = { status: 200, statusText: 'Fine', headers, added: ['link'], removed: ['vary'] }
  const response = { ...head, ...times, public: true, mustRevalidate: false }
  return { encoding: 'bytes', payload: encodeResponse(response, [Buffer.from(body)]) as Buffer }
}

type Encoded = Pick<ValueFrame, 'encoding' | 'payload'>

const TIMES = { createdAt: 1_000, freshUntil: 61_000, revalidateUntil: 61_000, keepUntil: 61_000, loadMs: 0 }

/** What lies in the slot under this version, found once more. */
function found(frames: KnownFrames, version: number, encoded: Encoded): AtHand {
  const bytes = encodeFrame({ kind: 'value', ...TIMES, marks: [], ...encoded })
  const frame = frames.of('slot', { version, bytes })
  if (frame === undefined) throw new Error('not a frame of a value')
  return { frame, entry: { bytes, version, stands: true } }
}

it('a response is that which stands under the version, however often it was read before', () => {
  const frames = new KnownFrames()
  for (const [version, body] of [
    [1, 'first'],
    [1, 'first'],
    [2, 'second'],
    [2, 'second'],
  ] as const) {
    expect(variantAtHand(found(frames, version, responseOf(body)), false)).toEqual(openVariant(responseOf(body)))
  }
})

it('the body is a view of the bytes that were found, not of those that were read first', () => {
  const frames = new KnownFrames()
  variantAtHand(found(frames, 1, responseOf('body')), false)
  const again = found(frames, 1, responseOf('body'))
  const variant = variantAtHand(again, false)
  expect(variant && 'body' in variant && variant.body.buffer).toBe(again.entry.bytes.buffer)
})

it('what is remembered holds no body', () => {
  const once = found(new KnownFrames(), 1, responseOf('body'))
  variantAtHand(once, false)
  const { frame } = once
  expect(frame.made).toMatchObject({ response: { status: 200, body: Buffer.alloc(0) } })
  expect(Object.keys(frame)).not.toContain('payload')
})

it('one that sets cookies is none for those that may not have them, whoever has read it before', () => {
  const frames = new KnownFrames()
  const cookies = responseOf('body', ['Set-Cookie', 'a=b'])
  expect(variantAtHand(found(frames, 1, cookies), false)).toBeUndefined()
  expect(variantAtHand(found(frames, 1, cookies), true)).toMatchObject({ status: 200 })
  expect(variantAtHand(found(frames, 1, cookies), false)).toBeUndefined()
})

it('a pass mark is told each time, and what is neither is nothing', () => {
  const frames = new KnownFrames()
  const { encoded } = passMark('because', 200) as unknown as { readonly encoded: ValueFrame }
  for (let time = 0; time < 2; time++) {
    expect(variantAtHand(found(frames, 1, encoded), false)).toEqual({ pass: 'because' })
  }
  const foreign = found(frames, 2, { encoding: 'bytes', payload: Buffer.from('not a response') })
  expect(variantAtHand(foreign, false)).toBeUndefined()
  expect(Buffer.from(encodedAtHand(foreign).payload).toString()).toBe('not a response')
})
