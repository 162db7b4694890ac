import * as kit from '@tiercel/cache-core/store-kit'
import { expect, it } from 'vitest'
import { pages } from './support/pages.js'

it('every tool of the kit is named where stores are explained', () => {
  const text = pages().find(({ path }) => path === 'docs/writing-a-store.md')?.text ?? ''
  const [, section = ''] = text.split('## The kit\n')
  const named = new Set([...(section.split('\n## ')[0] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name))
  expect(Object.keys(kit).filter((name) => !named.has(name))).toEqual([])
})
