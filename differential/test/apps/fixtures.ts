import { fileURLToPath } from 'node:url'

export const STATIC = fileURLToPath(new URL('../fixtures/static', import.meta.url))
export const VIEWS = fileURLToPath(new URL('../fixtures/views', import.meta.url))
export const NEXT = fileURLToPath(new URL('../fixtures/next', import.meta.url))
