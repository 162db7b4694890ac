import { type Mutant, mutant, ReferenceStore } from './mutant.js'

let made = 0

/** A number for each key, spread over all. */
function sumOf(key: string): number {
  return [...key].reduce((sum, character) => (sum * 31 + (character.codePointAt(0) ?? 0)) % 9_973, 7)
}

export const servers: readonly Mutant[] = [
  mutant(
    'the part of a key is a number',
    'servers/text',
    class extends ReferenceStore {
      partOf(key: string): string {
        return (sumOf(key) % 3) as unknown as string
      }
    },
  ),
  mutant(
    'the part of a key is another one in every store',
    'servers/same-parts',
    class extends ReferenceStore {
      readonly #shift = made++
      partOf(key: string): string {
        return String((sumOf(key) + this.#shift) % 3)
      }
    },
  ),
  mutant(
    'the part of a key is known only when the store was used',
    'servers/same-parts',
    class extends ReferenceStore {
      #used = false
      override async get(key: string) {
        this.#used = true
        return super.get(key)
      }
      override async set(...write: Parameters<ReferenceStore['set']>) {
        this.#used = true
        return super.set(...write)
      }
      partOf(key: string): string | undefined {
        return this.#used ? String(sumOf(key) % 3) : undefined
      }
    },
  ),
  mutant(
    'parts have nothing to do with servers',
    'servers/parts-apart',
    class extends ReferenceStore {
      serverOf(key: string): string {
        return `server ${sumOf(key) % 4}`
      }
      partOf(key: string): string {
        return `part ${sumOf(`other ${key}`) % 3}`
      }
    },
  ),
  mutant(
    'only the end of a key decides about its part',
    'servers/spread',
    class extends ReferenceStore {
      partOf(key: string): string {
        return `part ${sumOf(key.slice(-6)) % 3}`
      }
    },
  ),
]
