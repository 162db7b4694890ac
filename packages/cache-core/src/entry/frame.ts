import { crc32 } from 'node:zlib'
import { bufferOf } from '../base/bytes.js'
import { LONGEST_HOLD_MS, LONGEST_LEASE_MS } from '../base/lease-option.js'
import { LastText } from './last-text.js'

/**
 * What stands in a slot of the store: a small header and the raw bytes, in one buffer.
 *
 * ```
 *  0  u8   generation
 *  1  u8   kind: 1 value, 2 lease, 3 hold
 *  2  u8   encoding of the payload
 *  3  u8   transforms of the payload: 0, none; which bits, `transforms/transforms.ts` says
 *  4  u32  CRC-32 of everything else
 *  8  f64  created           ms since the epoch
 * 16  f64  fresh until       of a hold: until when it stands
 * 24  f64  revalidate until
 * 32  f64  keep until        Infinity: no end
 * 40  u32  cost of the load  ms
 * 44  u8   number of marks
 * 45  u8   length of the shape, then the shape in UTF-8
 *          marks: u8 kind, u16 length of the name, the name in UTF-8, u8 number of versions, 12 bytes each
 *          payload: a value's bytes; a lease's u32 leaseMs, u32 extension, 16 bytes of token;
 *          a hold's 16 bytes of token
 * ```
 *
 * Whatever does not decode is dead: a miss in an occupied slot, never an error. Each field is explained in
 * `docs/decisions/0007-the-frame.md`.
 */
export type Frame = ValueFrame | LeaseFrame | HoldFrame

/** How a payload became bytes. `'nothing'`: a load found that there is no value, and that is stored. */
export type Encoding = 'bytes' | 'string' | 'codec' | 'nothing'

/** A value as bytes, and how they were made. */
export interface Encoded {
  readonly encoding: Encoding
  /**
   * Who can read the payload: the name of its codec where the encoding is `'codec'`, and the `schemaVersion` where the
   * value has one, behind a line break. To a reader of another shape the entry is a miss.
   */
  readonly shape?: string | undefined
  readonly payload: Uint8Array
}

/** What a mark names. A `'soft'` tag makes an entry stale, every other mark makes it void. */
export type MarkKind = 'namespace' | 'tag' | 'soft' | 'url'

/** A named version that a frame depends on. When the present version is another, the frame is void. */
export interface Mark {
  readonly kind: MarkKind
  /** Empty for the namespace and the URL, of which an entry has one each. */
  readonly name: string
  /**
   * 12 random bytes, one character each. Where the slots of the mark on different servers hold different versions (G6),
   * all of them in the order of the slots, at most three.
   */
  readonly version: string
}

/** The tags that a frame carries. */
export function tagsOf({ marks }: Pick<Frame, 'marks'>): string[] {
  return marks.filter(({ kind }) => kind === 'tag').map(({ name }) => name)
}

/** Wall-clock milliseconds since the epoch. Both stale windows count from `freshUntil`. */
export interface EntryTimes {
  readonly createdAt: number
  readonly freshUntil: number
  readonly revalidateUntil: number
  readonly keepUntil: number
}

export interface ValueFrame extends EntryTimes, Encoded {
  readonly kind: 'value'
  /** How long its load took, in milliseconds; 0 when it was not loaded. */
  readonly loadMs: number
  readonly marks: readonly Mark[]
}

export interface LeaseFrame {
  readonly kind: 'lease'
  readonly createdAt: number
  /** How long this lease lasts unless it is extended, in milliseconds. Told by the holder, so that a deploy may change it. */
  readonly leaseMs: number
  /** Number of extensions, so that an extended lease differs from the one before. */
  readonly extension: number
  /** 16 bytes that no other lease has, one character each. */
  readonly token: string
  readonly marks: readonly Mark[]
}

/** Keeps a deleted key empty for a while, since loads may still read what was there before the delete. */
export interface HoldFrame {
  readonly kind: 'hold'
  readonly createdAt: number
  /** Wall clock. The store's own TTL mostly ends it sooner. */
  readonly until: number
  /** 16 bytes that no other hold has, one character each. */
  readonly token: string
  /** Always empty: a `clear` does not end a hold. */
  readonly marks: readonly Mark[]
}

/** Changes with the layout; an older or newer frame is dead to a reader of this one. */
const GENERATION = 0xc2

export const VERSION_BYTES = 12
export const TOKEN_BYTES = 16

const TRANSFORMS_AT = 3
const CHECKSUM_AT = 4
const HEADER_BYTES = 46
/** Kind, length of the name, number of versions. */
const MARK_BYTES = 4
const PAYLOAD_BYTES = { lease: 8 + TOKEN_BYTES, hold: TOKEN_BYTES }
const MAX_MARKS = 255
const MAX_VERSIONS = 3
const MAX_LOAD_MS = 0xffff_ffff

const KINDS = { value: 1, lease: 2, hold: 3 } as const
const ENCODINGS: readonly Encoding[] = ['bytes', 'string', 'codec', 'nothing']
const MARK_KINDS: readonly MarkKind[] = ['namespace', 'tag', 'soft', 'url']

/** One buffer, freshly made: the caller's payload is copied into it. */
export function encodeFrame(frame: Frame): Buffer {
  const { marks } = frame
  const names = marks.map(({ name }) => Buffer.from(name))
  if (names.length > MAX_MARKS) throw new RangeError(`a frame carries at most ${MAX_MARKS} marks`)
  const shape = frame.kind === 'value' && frame.shape !== undefined ? Buffer.from(frame.shape) : NO_BYTES
  let payloadAt = HEADER_BYTES + shape.byteLength
  for (const [index, name] of names.entries()) {
    payloadAt += MARK_BYTES + name.byteLength + (marks[index] as Mark).version.length
  }
  const payloadBytes = frame.kind === 'value' ? frame.payload.byteLength : PAYLOAD_BYTES[frame.kind]
  const bytes = Buffer.allocUnsafe(payloadAt + payloadBytes)

  bytes[0] = GENERATION
  bytes[1] = KINDS[frame.kind]
  bytes[TRANSFORMS_AT] = 0
  bytes.writeDoubleBE(frame.createdAt, 8)
  bytes[44] = names.length
  bytes[45] = shape.byteLength
  let at = HEADER_BYTES + shape.copy(bytes, HEADER_BYTES)
  for (const [index, name] of names.entries()) {
    const { kind, version } = marks[index] as Mark
    at = bytes.writeUInt8(MARK_KINDS.indexOf(kind), at)
    at = bytes.writeUInt16BE(name.byteLength, at)
    at += name.copy(bytes, at)
    at = bytes.writeUInt8(version.length / VERSION_BYTES, at)
    at += bytes.write(version, at, version.length, 'latin1')
  }
  if (frame.kind === 'value') {
    bytes[2] = ENCODINGS.indexOf(frame.encoding)
    bytes.writeDoubleBE(frame.freshUntil, 16)
    bytes.writeDoubleBE(frame.revalidateUntil, 24)
    bytes.writeDoubleBE(frame.keepUntil, 32)
    bytes.writeUInt32BE(Math.min(Math.ceil(frame.loadMs), MAX_LOAD_MS), 40)
    bytes.set(frame.payload, payloadAt)
  } else {
    bytes.fill(0, 16, 44)
    bytes[2] = 0
    let tokenAt = payloadAt
    if (frame.kind === 'hold') bytes.writeDoubleBE(frame.until, 16)
    else tokenAt = bytes.writeUInt32BE(frame.extension, bytes.writeUInt32BE(frame.leaseMs, payloadAt))
    bytes.write(frame.token, tokenAt, TOKEN_BYTES, 'latin1')
  }
  bytes.writeUInt32BE(checksum(bytes), CHECKSUM_AT)
  return bytes
}

/** The frame, its payload a view of `stored`; or `undefined` when the bytes are not a whole frame of this generation. */
export function decodeFrame(stored: Uint8Array): Frame | undefined {
  if (stored.byteLength < HEADER_BYTES || stored[0] !== GENERATION || stored[TRANSFORMS_AT] !== 0) return undefined
  const bytes = bufferOf(stored)
  if (!isIntact(bytes)) return undefined

  // The checksum is right, so whatever fails below was written by other software.
  const marksAt = HEADER_BYTES + (bytes[45] as number)
  const marks: Mark[] = []
  const at = readMarks(bytes, marksAt, marks)
  if (at === undefined) return undefined
  const createdAt = bytes.readDoubleBE(8)
  if (bytes[1] === KINDS.value) {
    const encoding = ENCODINGS[bytes[2] as number]
    const freshUntil = bytes.readDoubleBE(16)
    const revalidateUntil = bytes.readDoubleBE(24)
    const keepUntil = bytes.readDoubleBE(32)
    const inOrder = freshUntil <= revalidateUntil && revalidateUntil <= keepUntil
    if (encoding === undefined || !inOrder || ![createdAt, freshUntil, revalidateUntil, keepUntil].every(isTime))
      return undefined
    return {
      kind: 'value',
      encoding,
      shape: marksAt === HEADER_BYTES ? undefined : shapes.read(bytes, HEADER_BYTES, marksAt),
      createdAt,
      freshUntil,
      revalidateUntil,
      keepUntil,
      loadMs: bytes.readUInt32BE(40),
      marks,
      payload: bytes.subarray(at),
    }
  }
  if (bytes[1] === KINDS.lease && bytes.byteLength === at + PAYLOAD_BYTES.lease) {
    const leaseMs = bytes.readUInt32BE(at)
    // A lease longer than options allow would keep everybody waiting.
    if (leaseMs === 0 || leaseMs > LONGEST_LEASE_MS || !isTime(createdAt)) return undefined
    return {
      kind: 'lease',
      createdAt,
      leaseMs,
      extension: bytes.readUInt32BE(at + 4),
      token: bytes.toString('latin1', at + 8, at + 8 + TOKEN_BYTES),
      marks,
    }
  }
  if (bytes[1] === KINDS.hold && bytes.byteLength === at + PAYLOAD_BYTES.hold) {
    const until = bytes.readDoubleBE(16)
    // A hold longer than options allow would keep its key out of the store for ever.
    if (marks.length > 0 || !isTime(createdAt) || !(until - createdAt <= 2 * LONGEST_HOLD_MS)) return undefined
    return { kind: 'hold', createdAt, until, token: bytes.toString('latin1', at, at + TOKEN_BYTES), marks: [] }
  }
  return undefined
}

/** Neither NaN, which compares false with everything, nor before the epoch. */
function isTime(time: number): boolean {
  return time >= 0
}

/** Whether bytes, if they are a value's frame at all, have a transformed payload. */
export function isTransformed(stored: Uint8Array): boolean {
  return stored.byteLength > TRANSFORMS_AT && stored[TRANSFORMS_AT] !== 0
}

/** A frame as bytes, cut before its payload. */
export interface FrameParts {
  readonly bytes: Buffer
  readonly transforms: number
  readonly payloadAt: number
}

/** The parts of a value's frame, whatever was done to its payload; `undefined` where it is no whole frame of a value. */
export function partsOf(stored: Uint8Array): FrameParts | undefined {
  if (stored.byteLength < HEADER_BYTES || stored[0] !== GENERATION || stored[1] !== KINDS.value) return undefined
  const bytes = bufferOf(stored)
  if (!isIntact(bytes)) return undefined
  const payloadAt = readMarks(bytes, HEADER_BYTES + (bytes[45] as number), [])
  return payloadAt === undefined ? undefined : { bytes, transforms: bytes[TRANSFORMS_AT] as number, payloadAt }
}

/** The same frame around another payload. */
export function replacePayload({ bytes, payloadAt }: FrameParts, transforms: number, payload: Uint8Array): Buffer {
  const replaced = Buffer.allocUnsafe(payloadAt + payload.byteLength)
  bytes.copy(replaced, 0, 0, payloadAt)
  replaced.set(payload, payloadAt)
  replaced[TRANSFORMS_AT] = transforms
  replaced.writeUInt32BE(checksum(replaced), CHECKSUM_AT)
  return replaced
}

/** A frame's header as it stands around a payload that was transformed so. The checksum follows from the rest. */
export function headerOf({ bytes, payloadAt }: FrameParts, transforms: number): Buffer {
  const header = Buffer.from(bytes.subarray(0, payloadAt))
  header[TRANSFORMS_AT] = transforms
  header.fill(0, CHECKSUM_AT, CHECKSUM_AT + 4)
  return header
}

/** Reads the marks into `marks`. Where the payload begins; `undefined` when these are no marks of this generation. */
function readMarks(bytes: Buffer, from: number, marks: Mark[]): number | undefined {
  let at = from
  for (let left = bytes[44] as number; left > 0; left--) {
    if (at + MARK_BYTES > bytes.byteLength) return undefined
    const kind = MARK_KINDS[bytes[at] as number]
    const nameAt = at + 3
    const nameEnd = nameAt + bytes.readUInt16BE(at + 1)
    const versions = bytes[nameEnd] ?? 0
    const end = nameEnd + 1 + versions * VERSION_BYTES
    if (kind === undefined || versions === 0 || versions > MAX_VERSIONS || end > bytes.byteLength) return undefined
    marks.push({
      kind,
      name: nameAt === nameEnd ? '' : bytes.toString('utf8', nameAt, nameEnd),
      version: versionTexts.read(bytes, nameEnd + 1, end),
    })
    at = end
  }
  return at > bytes.byteLength ? undefined : at
}

const shapes = new LastText('utf8')
const versionTexts = new LastText('latin1')

const NO_BYTES = Buffer.alloc(0)

function isIntact(bytes: Buffer): boolean {
  return bytes.readUInt32BE(CHECKSUM_AT) === checksum(bytes)
}

/**
 * Covers all bytes after its own place, and the four before it as the initial value of the CRC: a second run over these
 * would cost a small frame as much again.
 */
function checksum(bytes: Buffer): number {
  return crc32(bytes.subarray(8), bytes.readUInt32BE(0))
}
