import type { ServerResponse } from 'node:http'
import type { HeadLog } from '../../http/rules/head-changes.js'

/** Records the changes to the fields of a response, which comparing before and after would not show. */
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
    // Appended to a field that was removed or set before, it counts as set.
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

/** Records what is done to the fields of a response from now on, also by `setHeaders` and by frameworks. */
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
    // For a new field Node's own calls `setHeader`.
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
