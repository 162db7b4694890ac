import { describeConformance } from './support/conformance.js'

await describeConformance('three servers', 3)
