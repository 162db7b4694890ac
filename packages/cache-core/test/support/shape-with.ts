import { jsonCodec } from '../../src/entry/codec.js'
import type { Shape } from '../../src/entry/shape.js'

export function shapeWith(parts: Partial<Shape>): Shape {
  return { codec: jsonCodec, schemaVersion: undefined, validate: undefined, ...parts }
}
