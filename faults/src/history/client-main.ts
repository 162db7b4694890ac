// One process of a history: messages tell it what to play, and it reports what it saw.
import { openStore } from '../../../multi-process/test/support/open-store.js'
import { HistoryClient, type Source } from './client.js'
import type { Order, Report } from './messages.js'

const answers = new Map<number, (version: number) => void>()
let questions = 0
const ask = (key: string, change: boolean): Promise<number> =>
  new Promise((resolve) => {
    const question = questions++
    answers.set(question, resolve)
    tell({ question, key, change })
  })
const source: Source = { version: (key) => ask(key, false), change: (key) => ask(key, true) }

process.on('disconnect', () => process.exit())
process.on('message', (order: Order) => {
  if ('play' in order) void play(order)
  else {
    answers.get(order.question)?.(order.version)
    answers.delete(order.question)
  }
})
tell({ started: true })

async function play({ play: terms }: Extract<Order, { play: unknown }>): Promise<void> {
  const store = await openStore(terms.url, terms.prefix)
  // Connects first, so that no recorded time includes a handshake.
  await store.get('connect').catch(() => {})
  const client = new HistoryClient(store, terms, source)
  const events = await client.play()
  tell({ events, errors: client.errors })
}

function tell(report: Report): void {
  process.send?.(report)
}
