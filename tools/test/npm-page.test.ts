import { expect, it } from 'vitest'
import { pageProblems } from '../npm-page.mjs'

const SITE = 'https://github.com/tiercel/tiercel'
const ROOT = { bugs: `${SITE}/issues`, repository: { type: 'git', url: `git+${SITE}.git` } }
const MANIFEST = {
  name: '@tiercel/cache-redis',
  homepage: `${SITE}/tree/main/packages/cache-redis#readme`,
  bugs: `${SITE}/issues`,
  repository: { type: 'git', url: `git+${SITE}.git`, directory: 'packages/cache-redis' },
}

function problems(change: object, readme = ''): string[] {
  return pageProblems({ ...MANIFEST, ...change }, 'packages/cache-redis', readme, ROOT)
}

it('a manifest that says where its sources are, and whole links, are right', () => {
  const readme = `[docs](${SITE}/blob/main/docs/redis.md#limits) [below](#options) \`[code](../a.md)\`\n\`\`\`ts\nf[1](./x)\n\`\`\``
  expect(problems({}, readme)).toEqual([])
})

it.each([
  ['repository', { repository: undefined }],
  ['repository', { repository: { ...MANIFEST.repository, url: 'git+https://github.com/else/where.git' } }],
  ['repository', { repository: { ...MANIFEST.repository, directory: 'packages/cache-core' } }],
  ['homepage', { homepage: undefined }],
  ['homepage', { homepage: SITE }],
  ['bugs', { bugs: undefined }],
])('a wrong or missing `%s` is named with its package', (field, change) => {
  expect(problems(change)).toEqual([expect.stringContaining(`@tiercel/cache-redis: \`${field}\` must`)])
})

it.each([
  '[docs](../../docs/redis.md)',
  '[docs](docs/redis.md#limits)',
  '[root](/docs/redis.md)',
  '![picture](./picture.png)',
  '<img src="picture.png">',
  '<a href="../cache-core">core</a>',
  '[docs]: ../../docs/redis.md',
])('a link that needs the repository around it is named: %s', (readme) => {
  expect(problems({}, readme)).toEqual([
    expect.stringMatching(/^@tiercel\/cache-redis: its README links to \S+, which/),
  ])
})
