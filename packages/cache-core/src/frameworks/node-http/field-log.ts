import type { ServerResponse } from 'node:http'
import type { HeadLog } from '../../http/rules/head-changes.js'

/** What the fields of a response have been through, as far as before and after do not show it. */
export class FieldLog implements HeadLog {
  readonly set = new Set<string>()
  readonly appended = new Set<string>()
  readonly removed = new Set<string>()

  hasSet(name: string): void {
    const key = name.toLowerCase()
    this.set.add(key)
    this.appended.delete(key)
    this.removed.delete(key)
  }

  hasAppended(name: string): void {
    const key = name.toLowerCase()
    // Behind what was removed or set by the same hand, it is that hand's alone.
    if (this.removed.has(key)) this.hasSet(key)
    else if (!this.set.has(key)) this.appended.add(key)
  }

  hasRemoved(name: string): void {
    const key = name.toLowerCase()
    this.set.delete(key)
    this.appended.delete(key)
    this.removed.add(key)
  }
}

/** Writes down what is done to the fields of a response from now on; `setHeaders` and frameworks come here, too. */
export function logFields(res: ServerResponse): FieldLog {
  const log = new FieldLog()
  const { setHeader, appendHeader, removeHeader } = res
  let appends = false
  res.setHeader = (name, value) => {
    const returned = setHeader.call(res, name, value)
    if (!appends) log.hasSet(name)
    return returned
  }
  res.appendHeader = (name, value) => {
    // Where nothing stands yet, Node's own comes to `setHeader`.
    appends = true
    try {
      appendHeader.call(res, name, value)
    } finally {
      appends = false
    }
    log.hasAppended(name)
    return res
  }
  res.removeHeader = (name) => {
    removeHeader.call(res, name)
    log.hasRemoved(name)
  }
  return log
}
