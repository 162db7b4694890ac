import type { ServerResponse } from 'node:http'
import { HANDLER } from '../support/exemptions.js'
import { codeIn, codeOf, type RawHandler } from './raw-handler.js'

/** What a response refuses, and what its properties say. */
export const rawState: Readonly<Record<string, RawHandler>> = {
  'head-twice': (req, res, site) => {
    res.writeHead(200, { 'X-First': 'yes' })
    site.note(req, `${HANDLER}second head: ${codeOf(() => res.writeHead(200, { 'X-Second': 'yes' }))}`)
    res.end('the first one')
  },
  'set-after-head': (req, res, site) => {
    res.write('some')
    site.note(req, `${HANDLER}set: ${codeOf(() => res.setHeader('X-Late', 'yes'))}`)
    site.note(req, `${HANDLER}removed: ${codeOf(() => res.removeHeader('X-Late'))}`)
    res.end(' more')
  },
  'end-twice': (req, res, site) => {
    res.end('once')
    site.note(req, `${HANDLER}again: ${codeOf(() => res.end())}`)
  },
  'write-after-end': (req, res, site) => {
    res.on('error', (error) => site.note(req, `${HANDLER}error ${codeIn(error)}`))
    res.end('all of it')
    res.write('too late', (error) => site.note(req, `${HANDLER}late write: ${codeIn(error)}`))
  },
  'bad-field': (req, res, site) => {
    site.note(req, `${HANDLER}name: ${codeOf(() => res.setHeader('bad name', 'x'))}`)
    site.note(req, `${HANDLER}value: ${codeOf(() => res.setHeader('X-Bad', 'a\r\nb'))}`)
    site.note(req, `${HANDLER}status: ${codeOf(() => res.writeHead(99))}`)
    res.statusCode = 200
    res.end('all refused')
  },
  'bad-chunk': (req, res, site) => {
    site.note(req, `${HANDLER}null: ${codeOf(() => res.write(null as unknown as string))}`)
    site.note(req, `${HANDLER}number: ${codeOf(() => res.write(7 as unknown as string))}`)
    res.end('only strings and bytes')
  },
  state: (req, res, site) => {
    const tell = (when: string): void => site.note(req, `${HANDLER}${when}: ${stateOf(res)}`)
    res.setHeader('X-State', 'told')
    tell('before')
    res.write('a')
    tell('after write')
    res.end('b')
    tell('after end')
    res.on('finish', () => tell('finish'))
    res.on('close', () => tell('close'))
  },
  'field-state': (req, res, site) => {
    res.setHeader('X-Mixed-Case', ['a', 'b'])
    res.writeHead(200, { 'X-Written': 'yes' })
    site.note(
      req,
      `${HANDLER}${res.getHeader('x-mixed-case')} ${res.hasHeader('X-Written')} ${res.getHeaderNames().includes('x-mixed-case')}`,
    )
    res.end('fields')
  },
  events: (req, res, site) => {
    for (const event of ['prefinish', 'finish', 'close', 'error'])
      res.on(event, () => site.note(req, `${HANDLER}${event}`))
    res.write('some')
    res.end('thing')
  },
  'strict-length': (_req, res) => {
    res.strictContentLength = true
    res.setHeader('Content-Length', '4')
    res.end('four')
  },
  'strict-length-broken': (req, res, site) => {
    res.strictContentLength = true
    res.setHeader('Content-Length', '4')
    site.note(req, `${HANDLER}too long: ${codeOf(() => res.end('too long'))}`)
    res.destroy()
  },
}

function stateOf(res: ServerResponse): string {
  // Not `writableFinished`: the end of a write waits until the old response is gone.
  const { headersSent, writableEnded, finished } = res
  return JSON.stringify({ headersSent, writableEnded, finished })
}
