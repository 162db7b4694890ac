/** Tells a host of work that goes on after a response, so that it does not end the process meanwhile. */
export type WaitUntil = (work: Promise<unknown>) => void
