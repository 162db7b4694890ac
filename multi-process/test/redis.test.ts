import { describeEngine } from './support/engine.js'

await describeEngine('Redis', 'redis', { oneAddress: true })
