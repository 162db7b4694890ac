// The types of Express are a package of their own, for one major at a time.
declare module 'express4' {
  export { default } from 'express'
}
