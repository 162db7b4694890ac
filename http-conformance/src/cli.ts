// npm run suite -- <form> <options of httpCache as JSON> [id…]: what a run comes to, with the reason for each test that is not passed.
// REDIS_URL=redis://… stores there, in place of memory.
import { behindCache, type FormName } from './forms.js'
import { report, scores } from './report.js'
import { Suite } from './suite.js'

const [form = 'node', options = '{}', ...only] = process.argv.slice(2)
const suite = await Suite.open(process.env.CACHE_TESTS ?? '')
const judged = await behindCache(
  form as FormName,
  suite.origin,
  JSON.parse(options) as object,
  (base) => suite.judge(base, only.length === 0 ? undefined : only),
  process.env.REDIS_URL,
)
if (only.length === 0) console.log(report(suite.commit, judged))
for (const { test, outcome, message } of judged) {
  if (message !== undefined || only.length > 0) console.log(`${outcome.padEnd(17)} ${test.id}: ${message ?? ''}`)
}
console.log(scores(judged))
process.exit()
