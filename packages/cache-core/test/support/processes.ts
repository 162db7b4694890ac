import { type SetUp, setUp } from './set-up.js'

/** Two processes on one store, of which the second holds no marks. */
export function processes(options: Parameters<typeof setUp>[0] = {}): SetUp & { other: SetUp['cache'] } {
  const parts = setUp({ ttl: '10m', ...options })
  return { ...parts, other: parts.another().cache }
}
