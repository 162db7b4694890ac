import { describeEngine } from './support/engine.js'

await describeEngine('two members of Hazelcast', 'hazelcast', { count: 2 })
