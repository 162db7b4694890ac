import { describeConformance } from './support/conformance.js'

await describeConformance('one server', 1)
