import { type Page, pages } from './pages.js'

/** A fenced block of TypeScript or JavaScript. */
export interface CodeBlock {
  /** Page and line, `docs/guide.md:12`, as an editor opens it. */
  readonly at: string
  readonly language: 'ts' | 'js'
  /** Whether the fence says `run`: the block is executed too, and what it prints is compared with its comments. */
  readonly run: boolean
  readonly code: string
}

const FENCE = /^```(ts|js)( run)?\n(.*?)^```$/gms

/** Every block of every page, in the order of the pages. */
export function codeBlocks(): readonly CodeBlock[] {
  return pages().flatMap(blocksOf)
}

function blocksOf({ path, text }: Page): readonly CodeBlock[] {
  return [...text.matchAll(FENCE)].map(({ index, 1: language, 2: run, 3: code }) => ({
    at: `${path}:${text.slice(0, index).split('\n').length}`,
    language: language as CodeBlock['language'],
    run: run !== undefined,
    code: code as string,
  }))
}

/** What `console.log(…) // expected` lines promise, in order; `undefined` where a line promises nothing. */
export function promisedOutput(code: string): readonly (string | undefined)[] {
  return [...code.matchAll(/^\s*console\.log\(.*\)(?: \/\/ (.*))?$/gm)].map(([, expected]) => expected)
}
