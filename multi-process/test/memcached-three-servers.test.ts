import { describeEngine } from './support/engine.js'

// Three are frozen as one is.
await describeEngine('three servers of Memcached', 'memcached', { count: 3, outages: false })
