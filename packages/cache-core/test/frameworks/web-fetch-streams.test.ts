import { describe, expect, it, vi } from 'vitest'
import { gate } from './support/apps.js'
import { A, cached, get, nextTurn, slowBody, status } from './support/over-fetch.js'

describe('a body that streams through fetch', () => {
  it('reaches the first client piece by piece, and the next one whole', async () => {
    const body = slowBody(['one ', 'two ', 'three'])
    const { ask, runs } = cached(() => new Response(body.stream))
    const reader = (await ask(get())).body?.getReader()
    expect(Buffer.from((await reader?.read())?.value ?? [])).toEqual(Buffer.from('one '))
    while (!(await reader?.read())?.done);
    await vi.waitFor(async () => expect(status(await ask(get()))).toBe('hit'), { timeout: 20_000 })
    expect(await (await ask(get())).text()).toBe('one two three')
    expect(runs()).toBe(1)
  })

  it('is not read ahead of a client that reads nothing', async () => {
    const body = slowBody(Array.from({ length: 100 }, () => 'piece'))
    const { ask } = cached(() => new Response(body.stream))
    const response = await ask(get())
    for (let turn = 0; turn < 20; turn++) await nextTurn()
    expect(body.seen.pulled).toBeLessThanOrEqual(2)
    await response.body?.cancel('enough')
  })

  it('is cancelled by its client: its source hears of it, nothing is stored, the next one runs', async () => {
    const bodies = [slowBody(['a', 'b', 'c']), slowBody(['d'])]
    let made = 0
    const { ask } = cached(() => new Response(bodies[made++]?.stream))
    const reader = (await ask(get())).body?.getReader()
    await reader?.read()
    await reader?.cancel('enough')
    expect(bodies[0]?.seen.cancelled).toBe('enough')
    expect(await (await ask(get())).text()).toBe('d')
  })

  it('that fails midway fails for its client, and is not stored', async () => {
    let made = 0
    const { ask } = cached(() => new Response(made++ === 0 ? slowBody(['half'], 'error').stream : 'whole'))
    await expect((await ask(get())).text()).rejects.toThrow('midway')
    expect(await (await ask(get())).text()).toBe('whole')
  })

  it('that fails at once fails for its client, too', async () => {
    const failing = () => new ReadableStream({ start: (controller) => controller.error(new Error('at once')) })
    const { ask } = cached(() => new Response(failing()))
    await expect((await ask(get())).text()).rejects.toThrow('at once')
  })

  it.each([
    ['in pieces', () => slowBody(['12345', '67890']).stream],
    ['at once', () => '1234567890'],
  ])('that is larger than maxBodyBytes, %s, passes whole and is not stored', async (_how, make) => {
    const { ask, runs } = cached(() => new Response(make()), { maxBodyBytes: 9 })
    for (let round = 0; round < 2; round++) expect(await (await ask(get())).text()).toBe('1234567890')
    expect(runs()).toBe(2)
  })

  it('may be made in one buffer, again and again', async () => {
    const buffer = new Uint8Array(3)
    let pulled = 0
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          await nextTurn()
          if (pulled++ === 3) return controller.close()
          controller.enqueue(buffer.fill(pulled))
        },
      },
      { highWaterMark: 0 },
    )
    const { ask } = cached(() => new Response(body))
    const reader = (await ask(get())).body?.getReader()
    while (!(await reader?.read())?.done);
    await vi.waitFor(async () => expect(status(await ask(get()))).toBe('hit'), { timeout: 20_000 })
    expect([...new Uint8Array(await (await ask(get())).arrayBuffer())]).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3])
  })

  it.each(['text/event-stream', 'multipart/x-mixed-replace; boundary=x'])('of %s passes untouched', async (type) => {
    const { stream } = slowBody(['data: 1\n\n'])
    const { ask } = cached(() => new Response(stream, { headers: { 'content-type': type } }))
    const response = await ask(get())
    expect(response.body).toBe(stream)
    expect(status(response)).toContain('stream without end')
  })

  it('goes on for others when its client leaves before it begins, and not when it leaves later', async () => {
    const open = gate()
    const body = slowBody(['for ', 'others'])
    const { ask, runs } = cached(async () => {
      await open.opened
      return new Response(body.stream)
    })
    const client = new AbortController()
    const leaving = ask(get(A, {}, client.signal))
    const staying = ask(get())
    await nextTurn()
    client.abort()
    open.open()
    expect(await (await staying).text()).toBe('for others')
    await (await leaving).body?.cancel()
    expect(runs()).toBe(1)

    const late = new AbortController()
    const reader = (
      await cached(() => new Response(slowBody(['a', 'b']).stream)).ask(get(A, {}, late.signal))
    ).body?.getReader()
    await reader?.read()
    late.abort()
    await expect(reader?.read()).resolves.toMatchObject({ done: false })
  })
})
