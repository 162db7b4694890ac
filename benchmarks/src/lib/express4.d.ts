// Express 4 under a name of its own: what is used of it here is as in 5.
declare module 'express4' {
  import express from 'express'

  export default express
}
