import type { Store } from '../../src/store/store.js'

/**
 * What happens to an operation: it never settles and is not executed, it fails, it is executed or answered only after a
 * promise, or it is answered without being executed.
 */
export type Fault =
  | 'frozen'
  | Error
  | { readonly executeAfter: Promise<unknown> }
  | { readonly answerAfter: Promise<unknown> }
  | { readonly answer: unknown }
  | undefined

/** A store between a cache and the real one, whose operations a test lets fail or hang. */
export class FaultyStore {
  readonly store: Store
  /** Every operation, as `operation key`. */
  readonly calls: string[] = []
  /** Decides for each operation. */
  faultOf: (operation: string, key: string) => Fault = () => undefined

  constructor(real: Store) {
    this.store = new Proxy(real, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target)
        if (typeof member !== 'function' || name === 'close') return member
        return (...args: unknown[]) =>
          this.#operate(String(name), String(args[0]), () => member.apply(target, args) as Promise<unknown>)
      },
    })
  }

  /** Nothing answers any more. */
  freeze(): void {
    this.faultOf = () => 'frozen'
  }

  /** Everything works again. */
  thaw(): void {
    this.faultOf = () => undefined
  }

  count(call: string): number {
    return this.calls.filter((each) => each === call).length
  }

  async #operate(operation: string, key: string, execute: () => Promise<unknown>): Promise<unknown> {
    this.calls.push(`${operation} ${key}`)
    const fault = this.faultOf(operation, key)
    if (fault === undefined) return execute()
    if (fault === 'frozen') return new Promise(() => {})
    if (fault instanceof Error) throw fault
    if ('answer' in fault) return fault.answer
    if ('executeAfter' in fault) {
      await fault.executeAfter
      return execute()
    }
    const result = await execute()
    await fault.answerAfter
    return result
  }
}
