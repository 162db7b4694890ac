// Plays the table and prints it. Arguments: texts that the engine and fault of a row must contain; `--seconds=<n>` for
// how long each fault lasts; `--at-once=<n>` for how many rows are played at once, which affects their figures. With
// `soak` as the first argument it runs ten minutes of mixed load instead, `--seconds=<n>` in all, on the engines named.
import { parseArgs } from 'node:util'
import { playAll } from './all.js'
import { table } from './report.js'
import { scenarios } from './scenarios/index.js'
import { soakAll } from './soak-all.js'

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string' }, 'at-once': { type: 'string', default: '1' } },
  allowPositionals: true,
})
if (positionals[0] === 'soak') await soakAll(positionals.slice(1), Number(values.seconds ?? '600'))
else await playTable(positionals, Number(values.seconds ?? '6'), Number(values['at-once']))

async function playTable(texts: readonly string[], seconds: number, atOnce: number): Promise<void> {
  const wanted = scenarios.filter(({ engine, fault }) =>
    texts.every((text) => `${engine}: ${fault.name}`.includes(text)),
  )
  const playing = playAll(wanted, { lastsMs: seconds * 1_000, atOnce })
  const outcomes = (await Promise.all(wanted.map((scenario) => playing.get(scenario)))).filter(
    (outcome) => outcome !== undefined,
  )
  process.stdout.write(`${table(outcomes)}\n`)
  for (const { engine, fault, errors, wrong, stale } of outcomes) {
    for (const problem of [...errors, ...wrong, ...stale].slice(0, 5)) console.log(`${engine}, ${fault}: ${problem}`)
  }
}

// Node 20 waits for ever, and busily, for a connection that was destroyed while `resetAndDestroy` was about to reset it.
process.exit()
