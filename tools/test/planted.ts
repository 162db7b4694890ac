import { findViolations } from '../check-imports.mjs'
import { Repository } from './repository.js'

export const CORE = 'packages/cache-core/src'

/** An empty repository into which violations are planted. */
export class Planted extends Repository {
  /** The first rule that is broken once this file is there, in words. */
  ruleBrokenBy(file: string, text: string): string | undefined {
    this.write(file, text)
    return findViolations(this.root)[0]?.rule
  }
}
