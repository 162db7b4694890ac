// Plays the table and prints it. Arguments: texts that a row's engine and fault must hold; `--seconds=<n>` for how long
// each fault lasts; `--at-once=<n>` for how many are played at the same time, which what they measure suffers from.
import { parseArgs } from 'node:util'
import { playAll } from './all.js'
import { table } from './report.js'
import { scenarios } from './scenarios/index.js'

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '6' }, 'at-once': { type: 'string', default: '1' } },
  allowPositionals: true,
})
const wanted = scenarios.filter(({ engine, fault }) =>
  positionals.every((text) => `${engine}: ${fault.name}`.includes(text)),
)
const playing = playAll(wanted, { lastsMs: Number(values.seconds) * 1_000, atOnce: Number(values['at-once']) })
const outcomes = (await Promise.all(wanted.map((scenario) => playing.get(scenario)))).filter(
  (outcome) => outcome !== undefined,
)

process.stdout.write(`${table(outcomes)}\n`)
for (const { engine, fault, errors, wrong, stale } of outcomes) {
  for (const problem of [...errors, ...wrong, ...stale].slice(0, 5)) console.log(`${engine}, ${fault}: ${problem}`)
}
