import { describeEngine } from './support/engine.js'

await describeEngine('Memcached', 'memcached', { oneAddress: true })
