import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Site } from '../support/application.js'

export type RawHandler = (req: IncomingMessage, res: ServerResponse, site: Site) => unknown

export function codeOf(action: () => unknown): string {
  try {
    action()
    return 'done'
  } catch (error) {
    return codeIn(error)
  }
}

export function codeIn(error: unknown): string {
  return error instanceof Error ? String((error as NodeJS.ErrnoException).code ?? error.message) : 'none'
}
