import { afterAll, describe, it } from 'vitest'
import { describeStore } from '../src/index.js'
import create from './support/memory-module.js'

const module = new URL('./support/memory-module.ts', import.meta.url)
const execArgv = ['--import', 'tsx', '--conditions=@tiercel/source']

describeStore({ describe, it, afterAll }, { name: 'memory store, clock moved', create, module, execArgv, clock: true })
describeStore({ describe, it, afterAll }, { name: 'memory store, real time', create })
