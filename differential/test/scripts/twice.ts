import { type Exchange, exchange } from '../support/exchange.js'

/** What shows whether a status or a header is stored that should not be: it is asked for twice in a row. */
export const twice = (target: string, writing: Parameters<typeof exchange>[1] = {}): Exchange[] => [
  exchange(target, writing),
  exchange(target, { ...writing, name: `${exchange(target, writing).name}, again` }),
]
