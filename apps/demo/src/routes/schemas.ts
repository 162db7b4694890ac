/** Input is validated here, once; Fastify answers 400 and names the invalid field. */

export const LATITUDE = { type: 'number', minimum: -90, maximum: 90 } as const
export const LONGITUDE = { type: 'number', minimum: -180, maximum: 180 } as const
export const LIMIT = { type: 'integer', minimum: 1, maximum: 100, default: 10 } as const
/** The maximum of PostgreSQL's `integer`. */
export const CITY_ID = { type: 'integer', minimum: 1, maximum: 2_147_483_647 } as const
export const COUNTRY_CODE = { type: 'string', pattern: '^[A-Za-z]{2}$' } as const
export const SEARCH_TEXT = { type: 'string', minLength: 1, maxLength: 100 } as const

const PLAIN_TEXT = '^\\P{Cc}*$'

/** A city as `GET /cities/:id` answers it. Its id is ignored in favour of the one in the URL. */
export const CITY_BODY = {
  type: 'object',
  required: ['name', 'country', 'population', 'lat', 'lon'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 200, pattern: PLAIN_TEXT },
    country: COUNTRY_CODE,
    featureCode: { type: 'string', maxLength: 10, pattern: PLAIN_TEXT, default: 'PPL' },
    adminCode: { type: 'string', maxLength: 20, pattern: PLAIN_TEXT, default: '' },
    population: { type: 'integer', minimum: 0, maximum: 2_147_483_647 },
    lat: LATITUDE,
    lon: LONGITUDE,
  },
} as const
