/** Express 4 beside 5: what the application uses of the two is the same. */
declare module 'express4' {
  export { default } from 'express'
}
