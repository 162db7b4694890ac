import { runCommand } from './command.js'

const code = await runCommand(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
})
// A store that does not end after close must not hold the command back: a case says so.
process.stdout.write('', () => process.exit(code))
