export { type Codec, decodeValue, encodeValue, InvalidValueError, jsonCodec } from './codec.js'
export {
  decodeFrame,
  type Encoded,
  type EntryTimes,
  encodeFrame,
  type Frame,
  GENERATION,
  type LeaseFrame,
  type Mark,
  TOKEN_BYTES,
  type ValueFrame,
  VERSION_BYTES,
} from './frame.js'
