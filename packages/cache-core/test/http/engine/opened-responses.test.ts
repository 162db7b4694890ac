import { expect, it } from 'vitest'
import type { ValueFrame } from '../../../src/entry/frame.js'
import { OpenedResponses } from '../../../src/http/engine/opened-responses.js'
import { encodeResponse } from '../../../src/http/engine/stored-response.js'
import { openVariant, passMark } from '../../../src/http/engine/variant.js'

function frameOf(body: string, headers: readonly string[] = ['Content-Type', 'text/plain']): ValueFrame {
  const times = { receivedAt: 1_000, ageMs: 0, freshForMs: 60_000, staleIfErrorMs: 0 }
  const head = { status: 200, statusText: 'Fine', headers, added: ['link'], removed: ['vary'] }
  const response = { ...head, ...times, public: true, mustRevalidate: false }
  const payload = encodeResponse(response, [Buffer.from(body)]) as Buffer
  return { encoding: 'bytes', payload } as Partial<ValueFrame> as ValueFrame
}

it('a response is that which stands under the version, however often it was opened before', () => {
  const opened = new OpenedResponses()
  for (const [version, body] of [
    [1, 'first'],
    [1, 'first'],
    [2, 'second'],
    [2, 'second'],
  ] as const) {
    expect(opened.open('slot', version, frameOf(body), false)).toEqual(openVariant(frameOf(body)))
  }
})

it('the body is a view of the bytes that are given, not of those that were read first', () => {
  const opened = new OpenedResponses()
  opened.open('slot', 1, frameOf('body'), false)
  const given = frameOf('body')
  const again = opened.open('slot', 1, given, false)
  expect('body' in again && again.body.buffer).toBe(given.payload.buffer)
})

it('one that sets cookies is none for those who may not have them', () => {
  const opened = new OpenedResponses()
  const frame = frameOf('body', ['Set-Cookie', 'a=b'])
  expect(opened.open('slot', 1, frame, true)).toMatchObject({ status: 200 })
  expect(() => opened.open('slot', 1, frame, false)).toThrow('not a stored response')
})

it('a pass mark is read each time', () => {
  const opened = new OpenedResponses()
  const { encoded } = passMark('because', 200) as unknown as { readonly encoded: ValueFrame }
  for (let time = 0; time < 2; time++) expect(opened.open('slot', 1, encoded, false)).toEqual({ pass: 'because' })
})
