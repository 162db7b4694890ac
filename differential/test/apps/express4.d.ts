/** Express 4 beside 5: the application uses only what both have. */
declare module 'express4' {
  export { default } from 'express'
}
