import { readFile, rename, writeFile } from 'node:fs/promises'

/** The database in the file, or `undefined` if there is none yet. */
export async function readSnapshot(file: string): Promise<Blob | undefined> {
  try {
    return new Blob([await readFile(file)])
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Writes the file in one step, so that a demo that starts meanwhile reads all of it or nothing. */
export async function writeSnapshot(file: string, database: Blob): Promise<void> {
  const unfinished = `${file}.${process.pid}`
  await writeFile(unfinished, database.stream())
  await rename(unfinished, file)
}
