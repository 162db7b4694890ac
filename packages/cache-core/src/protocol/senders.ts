/** After so much silence a sender is forgotten: sixty heartbeats, in milliseconds. */
const FORGOTTEN_AFTER_MS = 60_000

/** Most senders remembered, those heard last. Any other counts as new. */
const MAX_SENDERS = 10_000

interface Sender {
  readonly number: number
  readonly heardAt: number
}

/** Which senders were heard, and up to which message. The next message, or a heartbeat, shows that one was lost. */
export class Senders {
  readonly #senders = new Map<string, Sender>()

  /**
   * A message with changes came. Whether none of its sender was lost before it; of an unknown sender all earlier ones may
   * have been.
   */
  changed(id: string, number: number, now: number): boolean {
    const sender = this.#senders.get(id)
    const complete = number <= (sender?.number ?? 0) + 1
    this.#heard(id, sender, Math.max(sender?.number ?? 0, number), now)
    return complete
  }

  /** A heartbeat came, with the number of the last message before it. Whether all up to that one were heard. */
  beat(id: string, number: number, now: number): boolean {
    const sender = this.#senders.get(id)
    const complete = number <= (sender?.number ?? 0)
    this.#heard(id, sender, Math.max(sender?.number ?? 0, number), now)
    return complete
  }

  /** Forgets senders that have been silent for long: most likely they have ended. */
  forgetSilent(now: number): void {
    for (const [id, { heardAt }] of this.#senders) {
      if (now - heardAt <= FORGOTTEN_AFTER_MS) return
      this.#senders.delete(id)
    }
  }

  #heard(id: string, sender: Sender | undefined, number: number, now: number): void {
    // Moved to the end: the first one is the one that has been silent for longest.
    if (sender !== undefined) this.#senders.delete(id)
    this.#senders.set(id, { number, heardAt: now })
    if (this.#senders.size <= MAX_SENDERS) return
    const [longest] = this.#senders.keys()
    if (longest !== undefined) this.#senders.delete(longest)
  }
}
