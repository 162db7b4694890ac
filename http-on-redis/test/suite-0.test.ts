import { describe } from 'vitest'
import { runSuite, server } from './support/on-redis.js'

if (server === undefined) describe.skip('core’s tests of every entry point, on Redis', () => {})
else await runSuite(0, 2)
