import type { Commands } from './commands.js'

/** From the test to a process: a command, or the database's answer. */
export type Order =
  | { readonly call: number; readonly command: keyof Commands; readonly args: readonly unknown[] }
  | { readonly read: number; readonly value: string }
  | { readonly read: number; readonly refused: string }

/** From a process to the test: that it is ready, the end of a command, or a question to the database. */
export type Report =
  | { readonly started: true }
  | { readonly call: number; readonly result: unknown }
  | { readonly call: number; readonly failure: string }
  | { readonly read: number; readonly key: string }
