/** A module under test that exports its store by name only. */
export const create = (): undefined => undefined
