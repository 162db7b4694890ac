import type { FaultProxy, WireFault } from '../wire/fault-proxy.js'
import type { Fault, Stage } from './scenario.js'

function lineOf({ machine }: Stage): FaultProxy {
  if (machine.line === undefined) throw new Error('there is no line to this server')
  return machine.line
}

function onTheLine(name: string, fault: WireFault, kind: Omit<Fault, 'name' | 'begin' | 'end'> = {}): Fault {
  return {
    name,
    ...kind,
    begin: (stage) => lineOf(stage).set(fault),
    end: (stage) => lineOf(stage).mend(),
  }
}

/** Beyond the deadline of a read. */
const slow = onTheLine('200 ms of latency', { latencyMs: 200 }, { answersNothing: true })
const narrow = onTheLine('50 KB/s', { bytesPerSecond: 50_000 })
const cutting = onTheLine('cut after 20 KB', { cutAfterBytes: 20_000 })
const hiccups = onTheLine('pauses of 300 ms in replies', { pauseMs: 300 }, { comesAndGoes: true })
export const stray = onTheLine('stray bytes in replies', { strayEveryBytes: 20_001 })
export const silent = onTheLine('black hole', { silent: 'all' }, { answersNothing: true })
const halfOpen = onTheLine('half-open', { silent: 'standing' }, { answersSoon: true })

const RESET_EVERY_MS = 100
const resetting = new WeakMap<FaultProxy, NodeJS.Timeout>()

const reset: Fault = {
  name: `reset every ${RESET_EVERY_MS} ms`,
  begin(stage) {
    const line = lineOf(stage)
    resetting.set(
      line,
      setInterval(() => line.reset(), RESET_EVERY_MS),
    )
  },
  end: (stage) => clearInterval(resetting.get(lineOf(stage))),
}

/** Faults that any client's reader of replies meets alike. */
export const alike: readonly Fault[] = [narrow, cutting, hiccups]

export const wireFaults: readonly Fault[] = [slow, narrow, cutting, hiccups, stray, silent, halfOpen, reset]
