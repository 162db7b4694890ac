import { channel } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { report } from '../../src/base/diagnostics.js'

describe('report', () => {
  it('publishes on the channel of the event', () => {
    const heard: unknown[] = []
    const listener = (message: unknown): void => void heard.push(message)
    const events = channel('tiercel:hit')
    events.subscribe(listener)
    report('hit', () => ({ namespace: 'n', key: 'k' }))
    events.unsubscribe(listener)
    expect(heard).toEqual([{ namespace: 'n', key: 'k' }])
  })

  it('builds no message when nobody listens', () => {
    let built = false
    report('eviction', () => {
      built = true
      return { store: 'memory', key: 'k' }
    })
    expect(built).toBe(false)
  })
})
