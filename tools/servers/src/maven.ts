import { existsSync, mkdirSync, mkdtempSync, renameSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { CACHE_FOLDER } from './cache-folder.js'
import { withLock } from './lock.js'
import { findProgram, run } from './programs.js'

/** With a version, so that Maven does not choose its own default. */
const COPY_GOAL = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy'

/** An artifact of Maven Central that runs without dependencies. */
export interface Artifact {
  readonly group: string
  readonly name: string
  readonly version: string
}

/**
 * The artifact's jar, downloaded once. It appears in its place complete or not at all.
 * @throws Error if Maven is missing or cannot download.
 */
export async function mavenJar({ group, name, version }: Artifact): Promise<string> {
  const file = `${name}-${version}.jar`
  const jar = join(CACHE_FOLDER, file)
  if (existsSync(jar)) return jar
  return withLock(join(CACHE_FOLDER, 'maven.lock'), async () => {
    if (existsSync(jar)) return jar
    const maven = findProgram('mvn')
    if (maven === undefined) throw new Error(`Maven is not installed, and ${file} is not there yet`)
    mkdirSync(CACHE_FOLDER, { recursive: true })
    const folder = mkdtempSync(join(CACHE_FOLDER, 'download-'))
    await run(maven, ['-B', '-q', COPY_GOAL, `-Dartifact=${group}:${name}:${version}`, `-DoutputDirectory=${folder}`])
    renameSync(join(folder, file), jar)
    rmdirSync(folder)
    return jar
  })
}

/** @throws Error if Java is not installed. */
export function javaProgram(): string {
  const home = process.env.JAVA_HOME
  const atHome = home === undefined ? undefined : join(home, 'bin', 'java')
  const java = atHome !== undefined && existsSync(atHome) ? atHome : findProgram('java')
  if (java === undefined) throw new Error('Java is not installed: a JDK 17 or later is needed')
  return java
}

/** A small heap and a quick start: these servers hold a few megabytes for a few seconds. */
export const JAVA_OPTIONS: readonly string[] = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
