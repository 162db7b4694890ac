/** A module under test whose factory makes something else. */
export default () => ({ get: async () => undefined })
