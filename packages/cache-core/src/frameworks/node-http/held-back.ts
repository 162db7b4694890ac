import type { ServerResponse } from 'node:http'

/** Holds back whatever completes a response. */
export interface HeldBack {
  /** The head, which tells what will complete the response. */
  expect(status: number, contentLength: string | undefined): void
  /** Waits for this as well. */
  until(settled: Promise<void> | undefined): void
  /** Calls `end`. All that it sends, now or later (a layer outside may compress), counts as the end. */
  ending(end: () => ServerResponse): ServerResponse
}
