/** A difference that is wrong and known: told at the end of a run, and no failure until it is struck here. */
export interface OpenDifference {
  readonly application: RegExp
  /** All lines that differ match it. */
  readonly lines: RegExp
  /** What is wrong, in words. */
  readonly what: string
}

export const OPEN_DIFFERENCES: readonly OpenDifference[] = [
  {
    application: /^(Nest on Express|connect|polka)$/,
    lines: /^. link: <\/a>; rel=a$/i,
    what: 'of lines of one name in a list for writeHead only the last is sent, where a layer outside overrides writeHead',
  },
  {
    application: /^(Nest on Express|connect|polka)$/,
    lines: /^. X-One: written$/,
    what: 'what writeHead sets anew comes after the other fields on a miss, where a layer outside overrides writeHead',
  },
]
