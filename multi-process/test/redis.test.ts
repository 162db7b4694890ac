import { describeEngine } from './support/engine.js'

await describeEngine('Redis', 'redis', { freezeMs: 4_000, oneAddress: true })
