import { InvalidOptionError } from '../base/errors.js'
import { count, list, nested, oneOf, text } from '../base/option-kinds.js'
import { isAvailable } from '../entry/transforms/compression.js'

/** HKDF draws no strength from nothing: 32 characters of hexadecimal are 128 bits. */
const MIN_SECRET_CHARACTERS = 32

export const compressionOption = nested({
  algorithm: oneOf(['gzip', 'brotli', 'zstd'])
    .to((algorithm, option) => {
      if (isAvailable(algorithm)) return algorithm
      throw new InvalidOptionError(option, `Node ${process.versions.node} has no ${algorithm}; it came with 22.15`)
    })
    .or('gzip'),
  minBytes: count({ min: 0 }).or(1_024),
})

const secret = text({ secret: true }).to((value, option) => {
  if (value.length >= MIN_SECRET_CHARACTERS) return value
  throw new InvalidOptionError(option, `expected secrets of at least ${MIN_SECRET_CHARACTERS} characters`)
})

export const secretsOption = list(secret, 'secrets', '[process.env.CACHE_SECRET]').to((secrets, option) => {
  if (secrets.length > 0) return secrets
  throw new InvalidOptionError(option, 'expected at least one secret; leave the option out to seal nothing')
})
