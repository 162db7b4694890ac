import type { Commands } from './commands.js'

/** From the test to a process: do something, or what the database answered. */
export type Order =
  | { readonly call: number; readonly command: keyof Commands; readonly args: readonly unknown[] }
  | { readonly read: number; readonly value: string }
  | { readonly read: number; readonly refused: string }

/** From a process to the test: it stands, a command's end, or a question to the database. */
export type Report =
  | { readonly started: true }
  | { readonly call: number; readonly result: unknown }
  | { readonly call: number; readonly failure: string }
  | { readonly read: number; readonly key: string }
