/** An input that a schema cannot judge. Fastify answers it with 400 and the message. */
export class BadRequest extends Error {
  readonly statusCode = 400
}
