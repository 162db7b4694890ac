import { expect, it } from 'vitest'
import { expectLinear } from './linear.js'

const SIZES = { small: 500, large: 4_000 }
const PAUSE = 3_000_000

/** Keeps the processor busy, in a loop that is not optimised away. */
function spin(times: number): number {
  let sum = 0
  for (let i = 0; i < times; i++) sum = (sum + i) % 7
  return sum
}

it('linear work is linear, also when pauses hit its first measurements', async () => {
  let pauses = 9
  await expectLinear((size) => () => spin(size * 100 + (pauses-- > 0 ? PAUSE : 0)), SIZES)
})

it('quadratic work is not, also when pauses hit it while it is small', async () => {
  let pauses = 3
  const work = (size: number) => (): number => {
    const paused = size === SIZES.small && pauses-- > 0
    return spin(size * size + (paused ? PAUSE : 0))
  }
  await expect(expectLinear(work, SIZES, 'squares')).rejects.toThrow(/squares at 500: .* less than 23 times/)
})
