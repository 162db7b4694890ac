// Fastify 4 and its plugins beside 5: the application uses only what both have.
declare module 'fastify4' {
  export { default } from 'fastify'
}
declare module 'fastify4-compress' {
  export { default } from '@fastify/compress'
}
declare module 'fastify4-cookie' {
  export { default } from '@fastify/cookie'
}
declare module 'fastify4-cors' {
  export { default } from '@fastify/cors'
}
declare module 'fastify4-csrf-protection' {
  export { default } from '@fastify/csrf-protection'
}
declare module 'fastify4-etag' {
  export { default } from '@fastify/etag'
}
declare module 'fastify4-formbody' {
  export { default } from '@fastify/formbody'
}
declare module 'fastify4-helmet' {
  export { default } from '@fastify/helmet'
}
declare module 'fastify4-jwt' {
  export { default } from '@fastify/jwt'
}
declare module 'fastify4-multipart' {
  export { default } from '@fastify/multipart'
}
declare module 'fastify4-rate-limit' {
  export { default } from '@fastify/rate-limit'
}
declare module 'fastify4-session' {
  export { default } from '@fastify/session'
}
declare module 'fastify4-static' {
  export { default } from '@fastify/static'
}
declare module 'fastify4-swagger' {
  export { default } from '@fastify/swagger'
}
declare module 'fastify4-view' {
  export { default } from '@fastify/view'
}
