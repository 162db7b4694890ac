// Checks what a user would install: packs every published package as `pnpm publish` does, runs publint and attw (which
// checks the types) on the tarball, and checks its page on npm. Expects a build. Prints the sizes; exits with 1 if a
// package has a problem.
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { pageProblems } from './npm-page.mjs'
import { ROOT, workspacePackages } from './workspace.mjs'

/** In bytes: larger than any file list or report here. Node's default of 1 MiB would kill the child. */
const MAX_OUTPUT = 64 * 1024 * 1024

const tarballs = mkdtempSync(join(tmpdir(), 'tiercel-pack-'))
try {
  const [root, ...packages] = workspacePackages()
  const published = packages.filter(({ manifest }) => !manifest.private)
  const verdicts = await Promise.all(published.map((each) => inspect(each, root?.manifest ?? {})))
  for (const { line } of verdicts) console.log(line)
  for (const { problems } of verdicts) for (const problem of problems) console.error(problem)
  if (verdicts.some(({ problems }) => problems.length > 0)) process.exitCode = 1
} finally {
  rmSync(tarballs, { recursive: true })
}

/**
 * @param {{ folder: string, manifest: import('./workspace.mjs').Manifest }} published
 * @param {import('./npm-page.mjs').Sources} root  The manifest of the repository.
 */
async function inspect({ folder, manifest }, root) {
  const { name } = manifest
  const packed = await run('pnpm', ['pack', '--pack-destination', tarballs], join(ROOT, folder))
  const tarball = join(tarballs, `${name.replace('@', '').replace('/', '-')}-${versionOf(folder)}.tgz`)
  if (!existsSync(tarball)) return { line: name, problems: [`${name} cannot be packed:\n${packed.output}`] }

  const bytes = readFileSync(tarball)
  const [lint, types] = await Promise.all([
    publint({ pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) } }),
    run('attw', [tarball, '--profile', 'esm-only', '--format', 'ascii', '--no-emoji'], ROOT),
  ])
  return {
    line: `${name}: ${kilobytes(statSync(tarball).size)} packed, ${kilobytes(gunzipSync(bytes).length)} unpacked`,
    problems: [
      ...lint.messages.map((message) => `${name}, publint: ${formatMessage(message, lint.pkg) ?? message.code}`),
      ...pageProblems(manifest, folder, readFileSync(join(ROOT, folder, 'README.md'), 'utf8'), root),
      ...(types.ok ? [] : [`${name}, attw:\n${types.output}`]),
    ],
  }
}

/** @param {string} folder */
function versionOf(folder) {
  return JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')).version
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
function run(command, args, cwd) {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, maxBuffer: MAX_OUTPUT }, (error, stdout, stderr) => {
      resolve({ ok: error === null, output: stdout + stderr })
    })
  })
}

/** @param {number} bytes */
function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(1)} kB`
}
