// Runs before anything is installed, on whatever Node there is: plain JavaScript, no imports beyond Node's own.
const [major, minor] = process.versions.node.split('.').map(Number)

if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `Tiercel needs Node 20.19 or newer; this is ${process.version}. Install a current Node (https://nodejs.org) and run the command again.`,
  )
  process.exit(1)
}
