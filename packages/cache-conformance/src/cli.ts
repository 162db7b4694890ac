import { runCommand } from './command.js'

const code = await runCommand(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
})
// A store that keeps the process alive after close must not hold up the command: a case reports that.
process.stdout.write('', () => process.exit(code))
