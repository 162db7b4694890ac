import { type SetUp, setUp } from './set-up.js'

/** Two processes on one store. The second one holds no marks. */
export function processes(options: Parameters<typeof setUp>[0] = {}): SetUp & { other: SetUp['cache'] } {
  const parts = setUp({ ttl: '10m', ...options })
  return { ...parts, other: parts.another().cache }
}
