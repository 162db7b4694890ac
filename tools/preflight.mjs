// The first import of every command. It runs before anything is installed, on any version of Node, so it has no
// imports.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `Tiercel needs Node 20.19 or newer; this is ${process.versions.node}. Install a current Node (https://nodejs.org) and run the command again.`,
  )
  process.exit(1)
}
