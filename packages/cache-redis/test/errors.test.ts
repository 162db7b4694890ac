import { describe, expect, it } from 'vitest'
import { storeError } from '../src/errors.js'

/** As ioredis has it, by name. */
function answer(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' })
}

describe('an answer that refuses', () => {
  it.each([
    'LOADING Redis is loading the dataset in memory',
    'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
  ])('everybody counts as none, so that the server is given up for a while: %s', (message) => {
    expect(storeError('get', 'read', answer(message)).answered).toBe(false)
  })

  it.each([
    "OOM command not allowed when used memory > 'maxmemory'.",
    'CLUSTERDOWN Hash slot not served',
    'TRYAGAIN Multiple keys request during rehashing of slot',
    "NOPERM this user has no permissions to run the 'get' command",
    'BUSYKEY Target key name already exists.',
  ])('this command is one, and the server goes on to be asked: %s', (message) => {
    expect(storeError('get', 'read', answer(message)).answered).toBe(true)
  })
})
