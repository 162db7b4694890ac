import { describe, expect, it } from 'vitest'
import { Sieve, type SieveMember } from '../../src/base/sieve.js'

class Member implements SieveMember {
  readonly name: string
  visited = false
  newer: this | undefined
  older: this | undefined

  constructor(name: string) {
    this.name = name
  }
}

function sieveOf(names: string): { readonly sieve: Sieve<Member>; readonly members: ReadonlyMap<string, Member> } {
  const sieve = new Sieve<Member>()
  const members = new Map([...names].map((name) => [name, new Member(name)]))
  for (const member of members.values()) sieve.add(member)
  return { sieve, members }
}

function visit(members: ReadonlyMap<string, Member>, names: string): void {
  for (const name of names) (members.get(name) as Member).visited = true
}

function evict(sieve: Sieve<Member>, count: number): string {
  let names = ''
  for (let left = count; left > 0; left--) {
    const next = sieve.next()
    if (next === undefined) break
    sieve.remove(next)
    names += next.name
  }
  return names
}

describe('who goes first', () => {
  it('is the oldest that nobody has asked for', () => {
    const { sieve, members } = sieveOf('abcdef')
    visit(members, 'ace')
    expect(evict(sieve, 3)).toBe('bdf')
    expect(evict(sieve, 9)).toBe('ace')
    expect(sieve.size).toBe(0)
  })

  it('goes on where the hand stood: a visit counts for one pass', () => {
    const { sieve, members } = sieveOf('abcd')
    visit(members, 'ab')
    expect(evict(sieve, 1)).toBe('c')
    const late = new Member('e')
    sieve.add(late)
    visit(members, 'd')
    expect(evict(sieve, 1)).toBe('e')
    expect(evict(sieve, 3)).toBe('abd')
  })

  it('is nobody where there is none, and members may leave at any place', () => {
    const { sieve, members } = sieveOf('abc')
    for (const name of 'bca') sieve.remove(members.get(name) as Member)
    expect(sieve.next()).toBeUndefined()
    sieve.add(members.get('b') as Member)
    expect(evict(sieve, 2)).toBe('b')
  })

  it('keeps the hand when the member under it leaves', () => {
    const { sieve, members } = sieveOf('abcd')
    visit(members, 'a')
    expect(sieve.next()?.name).toBe('b')
    sieve.remove(members.get('b') as Member)
    expect(evict(sieve, 3)).toBe('cda')
  })
})
