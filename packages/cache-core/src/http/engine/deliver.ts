import { isComplete } from '../rules/storable.js'
import { storedHeaders } from '../rules/stored-headers.js'
import { bytesIn } from './body-pieces.js'
import type { ResponseHead } from './exchange.js'
import type { RunRequest } from './run-request.js'

/** Gives a response that is not for others to the one client that waits for it. */
export function deliver(
  request: Pick<RunRequest, 'deliver'>,
  { status, statusText, headers, changes }: ResponseHead,
  body: readonly Uint8Array[],
  receivedAt: number,
  reason: string,
): void {
  if (request.deliver === undefined || !isComplete({ status, headers }, bytesIn(body))) return
  const facts = { receivedAt, bodyBytes: bytesIn(body), etag: undefined }
  const { lines, added, removed } = changes
  const times = { receivedAt, ageMs: 0, freshForMs: 0, staleIfErrorMs: 0, public: false, mustRevalidate: true }
  const sent = storedHeaders({ status, headers: lines }, facts)
  request.deliver({ status, statusText, headers: sent, added, removed, ...times, body: Buffer.concat(body) }, reason)
}
