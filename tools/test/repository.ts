import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'

/** An empty repository for each test of the file. */
export class Repository {
  #root = ''

  constructor() {
    beforeEach(() => {
      this.#root = mkdtempSync(join(tmpdir(), 'tiercel-tools-'))
    })
    afterEach(() => rmSync(this.#root, { recursive: true }))
  }

  get root(): string {
    return this.#root
  }

  read(file: string): string {
    return readFileSync(join(this.#root, file), 'utf8')
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(join(this.#root, file)), { recursive: true })
    writeFileSync(join(this.#root, file), text)
  }
}
