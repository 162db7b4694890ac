import type { ServerResponse } from 'node:http'

/** What completes a response, on its way out of the process, while it has to wait. */
export interface HeldBack {
  /** From the head on it is known what completes the response. */
  expect(status: number, contentLength: string | undefined): void
  /** What completes it waits for this, too. */
  until(settled: Promise<void> | undefined): void
  /** All that `end` sends, now or later (a layer outside may compress), belongs to the end. */
  ending(end: () => ServerResponse): ServerResponse
}
