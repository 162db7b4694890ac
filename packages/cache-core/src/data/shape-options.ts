import { InvalidOptionError } from '../base/errors.js'
import { callback, count, either, shape, text } from '../base/option-kinds.js'
import { show } from '../base/show.js'
import type { Codec } from '../entry/codec.js'
import { isStandardSchema, type StandardSchema, type Validate, validateBy, validateWith } from '../entry/validate.js'

/** Both stand on every entry, in a field of at most 255 bytes. */
const MAX_NAME_BYTES = 64

export const codecOption = shape<Codec>('a codec, with name, encode and decode', ['encode', 'decode']).to(
  (codec, option): Codec => {
    const { name } = codec
    if (typeof name === 'string' && name !== '' && !name.includes('\n') && isShort(name)) return codec
    const expected = `expected a string of one line and 1 to ${MAX_NAME_BYTES} bytes`
    throw new InvalidOptionError(`${option}.name`, `${expected}, got ${show(name)}`)
  },
)

export const schemaVersionOption = either(text(), count({ min: 0 }))
  .to(String)
  .to((version, option) => {
    if (isShort(version)) return version
    throw new InvalidOptionError(option, `expected at most ${MAX_NAME_BYTES} bytes, got ${show(version)}`)
  })

/** A schema first: those of ArkType are functions. */
export const validateOption = either(
  shape<StandardSchema>('a Standard Schema', isStandardSchema).to(validateWith),
  callback<(value: unknown) => boolean>("a function such as (value) => typeof value === 'object'").to(validateBy),
).to((validate): Validate => validate)

function isShort(name: string): boolean {
  return Buffer.byteLength(name) <= MAX_NAME_BYTES
}
