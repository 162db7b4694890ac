/** What a `Sieve` keeps of each of its members, in the member itself: no allocation beside it. */
export interface SieveMember {
  /** Set by a hit, and nothing else: what was asked for again outlives the next pass of the hand. */
  visited: boolean
  newer: this | undefined
  older: this | undefined
}

/**
 * Who goes first: SIEVE (Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024). A queue in the order of arrival and a
 * hand that walks from the oldest to the newest; it passes over what was visited since, and takes the first that was
 * not. A hit moves nothing (docs/decisions/0014-eviction-near.md).
 */
export class Sieve<Member extends SieveMember> {
  #newest: Member | undefined
  #oldest: Member | undefined
  #hand: Member | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  add(member: Member): void {
    member.older = this.#newest
    if (this.#newest === undefined) this.#oldest = member
    else this.#newest.newer = member
    this.#newest = member
    this.#size++
  }

  remove(member: Member): void {
    if (this.#hand === member) this.#hand = member.newer
    if (member.newer === undefined) this.#newest = member.older
    else member.newer.older = member.older
    if (member.older === undefined) this.#oldest = member.newer
    else member.older.newer = member.newer
    member.newer = undefined
    member.older = undefined
    this.#size--
  }

  /** The one to go first, still a member. */
  next(): Member | undefined {
    let hand = this.#hand ?? this.#oldest
    while (hand?.visited) {
      hand.visited = false
      hand = hand.newer ?? this.#oldest
    }
    this.#hand = hand
    return hand
  }

  clear(): void {
    this.#newest = undefined
    this.#oldest = undefined
    this.#hand = undefined
    this.#size = 0
  }
}
