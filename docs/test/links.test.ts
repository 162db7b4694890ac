import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pages, ROOT } from './support/pages.js'

/** Pages that npm shows write the whole address of what stands in this repository. */
const HERE = /\]\(https:\/\/github\.com\/tiercel\/tiercel\/(?:blob|tree)\/main\//g
const LINK = /\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g
const CODE = /```.*?^```$|`[^`\n]*`/gms

describe('links between pages', () => {
  it.each(pages())('of $path lead to what is there', ({ path, text }) => {
    const broken = [...text.replaceAll(CODE, '').replaceAll(HERE, '](/').matchAll(LINK)]
      .filter(([, target = '', anchor]) => {
        const from = target.startsWith('/') ? '' : dirname(path)
        const file = target === '' ? ROOT + path : join(ROOT, from, target)
        if (!existsSync(file)) return true
        return anchor !== undefined && !anchors(readFileSync(file, 'utf8')).includes(anchor)
      })
      .map(([link]) => link)
    expect(broken).toEqual([])
  })
})

/** The headings of a page as GitHub names them in addresses. */
function anchors(text: string): readonly string[] {
  return [...text.replaceAll(/^```.*?^```$/gms, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  )
}
