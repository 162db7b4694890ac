import { after, describe, it } from 'node:test'
import { describeStore } from '../../src/index.js'
import create from './broken-module.js'

describeStore({ describe, it, after }, { name: 'broken', create, clock: true })
