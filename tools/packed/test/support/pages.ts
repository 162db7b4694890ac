import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The lines with which a framework's page begins, or those of its first block after `heading`. */
export function firstLines(page: string, heading = ''): string {
  const file = fileURLToPath(new URL(`../../../../docs/frameworks/${page}.md`, import.meta.url))
  const text = readFileSync(file, 'utf8')
  const [, lines] = /^```ts(?: run)?\n(.+?)^```$/ms.exec(text.slice(text.indexOf(heading))) ?? []
  if (lines === undefined) throw new Error(`docs/frameworks/${page}.md shows nothing`)
  return lines
}
