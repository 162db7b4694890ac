/** Returns the value that callers get. Throws where the given one is not valid. */
export type Validate = (value: unknown) => unknown

/** A schema of any library that keeps to Standard Schema, version 1 (https://standardschema.dev): Zod, Valibot, ArkType. */
export interface StandardSchema {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult | Promise<StandardResult>
  }
}

type StandardResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] }

export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const standard = (value as Partial<StandardSchema>)['~standard']
  return typeof standard?.validate === 'function'
}

/** Callers get the output of the schema, so it may turn the strings of JSON into dates. */
export function validateWith({ '~standard': standard }: StandardSchema): Validate {
  return (value) => {
    const result = standard.validate(value)
    if (result instanceof Promise) {
      // Nobody waits for it, so a rejection would be unhandled.
      result.catch(() => {})
      throw new TypeError('validate needs a schema without asynchronous steps')
    }
    if (result.issues === undefined) return result.value
    throw new TypeError(`not valid: ${result.issues.map(({ message }) => message).join('; ')}`)
  }
}

/** @param isValid Says whether a value is one of those that callers expect. */
export function validateBy(isValid: (value: unknown) => boolean): Validate {
  return (value) => {
    if (isValid(value) === true) return value
    throw new TypeError('validate has refused it')
  }
}
