import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { CASES } from '../src/cases/index.js'
import { describeStore } from '../src/index.js'
import create from './support/memory-module.js'

type Body = (this: unknown, ...context: unknown[]) => Promise<void>

describe('describeStore in node:test', () => {
  it('passes what is right, fails what is wrong and skips with the reason', async () => {
    const file = fileURLToPath(new URL('./support/node-test-file.ts', import.meta.url))
    const args = ['--import', 'tsx', '--conditions=@tiercel/source', '--test-reporter=tap', file]
    const child = spawn(process.execPath, args)
    let out = ''
    child.stdout.on('data', (chunk) => (out += chunk))
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect(out).toMatch(/\bok \d+ - get reads what set wrote, again and again/)
    expect(out).toMatch(/not ok \d+ - an empty value is a value and not a miss/)
    expect(out).toContain('# SKIP the store declares shared: false')
    expect(code).toBe(1)
  })
})

describe('describeStore in a runner of one’s own', () => {
  it('needs a hook for the end', () => {
    const runner = { describe: () => undefined, it: () => undefined }
    expect(() => describeStore(runner, { create })).toThrow('describeStore: the runner needs afterAll (or after)')
  })

  it('declares every case once, with a body that takes no callback', () => {
    const bodies: Body[] = []
    const titles: string[] = []
    const runner = {
      describe: (_name: string, body: () => void) => body(),
      it: (title: string, body: Body) => {
        titles.push(title)
        bodies.push(body)
      },
      afterAll: () => undefined,
    }
    describeStore(runner, { create })
    expect(titles.toSorted()).toEqual(CASES.map(({ title }) => title).toSorted())
    // mocha and jest would wait for a callback.
    expect(bodies.every(({ length }) => length === 0)).toBe(true)
  })

  it('skips by the context of mocha, which is `this`', async () => {
    const bodies = new Map<string, Body>()
    const ends: (() => Promise<void>)[] = []
    describeStore(
      {
        describe: (_name: string, body: () => void) => body(),
        it: (title: string, body: Body) => bodies.set(title, body),
        after: (end: () => Promise<void>) => ends.push(end),
      },
      { create },
    )
    const reasons: string[] = []
    const self = { skip: (reason: string) => void reasons.push(reason) }
    await bodies.get('another process sees what this one writes')?.call(self)
    await bodies.get('get of an absent key is undefined')?.call(self)
    expect(reasons).toEqual(['the store declares shared: false'])
    for (const end of ends) await end()
  })
})
