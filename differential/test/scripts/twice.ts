import { type Exchange, exchange } from '../support/exchange.js'

/** Asks twice in a row, which shows whether a status or a field is stored that should not be. */
export const twice = (target: string, writing: Parameters<typeof exchange>[1] = {}): Exchange[] => [
  exchange(target, writing),
  exchange(target, { ...writing, name: `${exchange(target, writing).name}, again` }),
]
