import { describe, expect, it } from 'vitest'
import { allOrFirstError, chunks } from '../../../src/store/kit/batches.js'

describe('chunks', () => {
  it.each([
    { items: [], expected: [] },
    { items: [1, 2], expected: [[1, 2]] },
    { items: [1, 2, 3, 4], expected: [[1, 2, 3], [4]] },
  ])('of three of $items are $expected', ({ items, expected }) => {
    expect(chunks(items, 3)).toEqual(expected)
  })
})

describe('allOrFirstError', () => {
  it('waits for all of them, then throws the error of the first in order', async () => {
    let done = false
    const slow = new Promise<void>((resolve) => setTimeout(resolve, 20)).then(() => {
      done = true
    })
    const failures = [Promise.reject(new Error('first')), Promise.reject(new Error('second'))]
    await expect(allOrFirstError([slow, ...failures])).rejects.toThrow('first')
    expect(done).toBe(true)
  })

  it('resolves when none fails', async () => {
    await expect(allOrFirstError([Promise.resolve(1), Promise.resolve(2)])).resolves.toBeUndefined()
  })
})
