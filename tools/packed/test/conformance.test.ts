import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EmptyProject, RESOLUTIONS } from './support/empty-project.js'

describe('core and the conformance suite', () => {
  const project = new EmptyProject()
  beforeAll(() => project.install('@tiercel/cache-core', '@tiercel/cache-conformance'))
  afterAll(() => project.remove())

  it('bring no runner and no driver', () => {
    expect(project.installed()).toEqual([
      '@tiercel/cache-conformance',
      '@tiercel/cache-core',
      'lru-cache',
      'structured-headers',
    ])
  })

  it('prove a store that keeps the contract, by the command', async () => {
    project.write(
      'my-store.mjs',
      `import { memoryStore } from '@tiercel/cache-core'
       export default ({ clock }) => memoryStore({ clock })`,
    )
    const { code, stdout, stderr } = await project.run('npx', ['cache-conformance', './my-store.mjs', '--json'])
    expect(code, stdout + stderr).toBe(0)
    const report = JSON.parse(stdout) as { passed: number; failed: number }
    expect(report.failed).toBe(0)
    expect(report.passed).toBeGreaterThan(0)
  })

  it('find a delete that does nothing, and name it', async () => {
    project.write(
      'broken-store.mjs',
      `import { memoryStore } from '@tiercel/cache-core'
       export default ({ clock }) => Object.assign(memoryStore({ clock }), { delete: async () => true })`,
    )
    const { code, stdout, stderr } = await project.run('npx', ['cache-conformance', './broken-store.mjs'])
    expect(stdout, stderr).toContain('✗ delete removes the value')
    expect(code).toBe(1)
  })

  it.each(RESOLUTIONS)('have types under moduleResolution %s', async (resolution) => {
    project.write(
      'my-store.test.ts',
      `import { describeStore, type StoreFactory } from '@tiercel/cache-conformance'
       import { memoryStore } from '@tiercel/cache-core'
       import { after, describe, it } from 'node:test'

       const create: StoreFactory = () => memoryStore()
       describeStore({ describe, it, after }, { create })
       // @ts-expect-error
       describeStore({ describe, it, after }, { create: 42 })`,
    )
    expect(await project.typeErrors('my-store.test.ts', resolution)).toEqual([])
  })
})
