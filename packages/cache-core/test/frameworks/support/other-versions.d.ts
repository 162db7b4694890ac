declare module 'compression1.7' {
  export { default } from 'compression'
}
declare module 'express4' {
  export { default } from 'express'
}
