import { createHash } from 'node:crypto'

/** Points per server on the ring, four from each digest. 160 is ketama's number: shares differ by about 10 %. */
const POINTS_PER_SERVER = 160
const POINTS_PER_DIGEST = 4

/**
 * Maps keys to servers by ketama's consistent hashing (Richard Jones, last.fm, 2007). Adding or removing a server moves
 * about 1/n of the keys; memjs's own hash modulo n moves nearly all of them.
 */
export class KetamaRing {
  /** Ascending positions on the ring, and the server at each. */
  readonly #positions: Uint32Array
  readonly #servers: Uint16Array

  /** @param names Identify the servers, as `host:port`. Their order does not matter. */
  constructor(names: readonly string[]) {
    const points = names.flatMap((name, server) => pointsOf(name).map((position) => ({ position, name, server })))
    // If two servers share a position the name decides, so that all processes agree.
    points.sort((a, b) => a.position - b.position || (a.name < b.name ? -1 : 1))
    this.#positions = Uint32Array.from(points, ({ position }) => position)
    this.#servers = Uint16Array.from(points, ({ server }) => server)
  }

  /** The index of the key's server: that of the first point at or after the key's position, wrapping around. */
  locate(key: string): number {
    const position = md5(key).readUInt32LE(0)
    let low = 0
    let high = this.#positions.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#positions[middle] as number) < position) low = middle + 1
      else high = middle
    }
    return this.#servers[low === this.#positions.length ? 0 : low] as number
  }
}

function pointsOf(name: string): number[] {
  return Array.from({ length: POINTS_PER_SERVER / POINTS_PER_DIGEST }, (_, index) => {
    const digest = md5(`${name}-${index}`)
    return Array.from({ length: POINTS_PER_DIGEST }, (_, part) => digest.readUInt32LE(part * 4))
  }).flat()
}

/** Only distributes keys: it need not be secure. */
function md5(text: string): Buffer {
  return createHash('md5').update(text).digest()
}
