import { describeWholeDemo } from './whole-demo.js'

await describeWholeDemo('couchbase')
