import { describe, expect, it } from 'vitest'
import { findViolations } from '../../check-imports.mjs'
import { CORE, Planted } from '../planted.js'

const repository = new Planted()

describe.each(['http/rules/vary.ts', 'http/message/etag.ts'])('%s is pure', (file) => {
  it.each([
    '../../protocol/slot.js',
    '../../store/store.js',
    '../../entry/frame.js',
    'node:fs',
    'node:timers/promises',
    'node:events',
    'lru-cache',
  ])('and imports no %s', (specifier) => {
    expect(repository.ruleBrokenBy(`${CORE}/${file}`, `import type { X } from '${specifier}'`)).toMatch(/are pure/)
  })

  it.each(['node:crypto', 'node:buffer', 'structured-headers', '../../base/errors.js'])(
    'and may import %s',
    (specifier) => {
      expect(repository.ruleBrokenBy(`${CORE}/${file}`, `import { X } from '${specifier}'`)).toBeUndefined()
    },
  )

  it.each([
    ['has an async function', 'export async function vary() {}'],
    ['has an async function', 'export const vary = async () => 1'],
    ['has an async function', 'export class Vary { async of() {} }'],
    ['has an async function', 'export async function* vary() {}'],
    ['awaits', 'await vary()'],
    ['awaits', 'for await (const each of vary) each()'],
    ['imports later', `export const vary = () => import('./age.js')`],
    ['names Promise', 'export const vary = () => Promise.resolve(1)'],
    ['names Promise', 'export type Vary = Promise<string>'],
    ['names Promise', 'export const vary = () => new Promise(() => undefined)'],
    ['names PromiseLike', 'export type Vary = PromiseLike<string>'],
    ['names setTimeout', 'setTimeout(() => undefined, 1)'],
    ['reads Date.now', 'export const vary = () => Date.now()'],
    ['reads Date', 'export const vary = () => new Date()'],
    ['reads performance', 'export const vary = () => performance.now()'],
    ['reads Math.random', 'export const vary = () => Math.random()'],
    ['reads process', 'export const vary = process.env.VARY'],
    ['reads fetch', `export const vary = fetch('/')`],
  ])('and is blamed when it %s: %s', (what, text) => {
    repository.write(`${CORE}/${file}`, `// First line.\n${text}\n`)
    expect(findViolations(repository.root)).toContainEqual({
      file: `${CORE}/${file}`,
      line: 2,
      what,
      rule: 'http/message and http/rules are pure: they answer at once, from what they are given',
    })
  })

  it.each([
    '// Promise, await, Date.now()',
    `export const text = 'await a Promise'`,
    'export interface Options { readonly process: string; fetch(): void }',
    'export const process_ = (options: Options) => options.process',
    'export const date = new Date(0)',
    'export const parsed = Date.parse("")',
  ])('and is not blamed for a name: %s', (text) => {
    expect(repository.ruleBrokenBy(`${CORE}/${file}`, text)).toBeUndefined()
  })
})
