/** A host's way to be told of what goes on behind a response, so that it does not end the process meanwhile. */
export type WaitUntil = (work: Promise<unknown>) => void
