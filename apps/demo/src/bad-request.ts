/** Invalid input that no schema can detect. Fastify answers it with 400 and the message. */
export class BadRequest extends Error {
  readonly statusCode = 400
}
