import { describeEngine } from './support/engine.js'

await describeEngine('Couchbase', 'couchbase')
