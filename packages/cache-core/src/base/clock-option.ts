import { type Clock, systemClock } from './clock.js'
import { shape } from './option-kinds.js'

export const clockOption = shape<Clock>('a clock, an object with now, monotonic and after', [
  'now',
  'monotonic',
  'after',
]).or(systemClock)
