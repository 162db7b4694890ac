import type { Database } from '../database/database.js'
import { fold } from '../database/fold.js'

export interface City {
  /** The GeoNames id. */
  readonly id: number
  readonly name: string
  /** ISO 3166-1 alpha-2. */
  readonly country: string
  /** GeoNames: `PPLC` is a capital, `PPLA` the seat of a region, `PPL` a place. */
  readonly featureCode: string
  /** GeoNames: the region inside the country. */
  readonly adminCode: string
  readonly population: number
  /** Degrees north. */
  readonly lat: number
  /** Degrees east. */
  readonly lon: number
}

/** Every query for cities selects these columns, so that a city looks the same everywhere. */
export const CITY_COLUMNS = `id, name, country, feature_code as "featureCode", admin_code as "adminCode", population, lat, lon`

/** One city; `null`, which a cache can hold, if there is none. */
export async function findCity(database: Database, id: number): Promise<City | null> {
  const [city] = await database.query<City>('city', `select ${CITY_COLUMNS} from cities where id = $1`, [id])
  return city ?? null
}

export interface SavedCity {
  readonly city: City
  readonly created: boolean
  /** The country that the city belonged to before. */
  readonly formerCountry: string | undefined
}

/** Creates or replaces a city. */
export async function saveCity(database: Database, city: City): Promise<SavedCity> {
  const { id, name, country, featureCode, adminCode, population, lat, lon } = city
  const [former] = await database.query<{ country: string | null }>(
    'save city',
    `with former as (select country from cities where id = $1),
     saved as (
       insert into cities (id, name, folded_name, country, feature_code, admin_code, population, lat, lon)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       on conflict (id) do update set
         name = excluded.name, folded_name = excluded.folded_name, country = excluded.country,
         feature_code = excluded.feature_code, admin_code = excluded.admin_code, population = excluded.population,
         lat = excluded.lat, lon = excluded.lon
     )
     select (select country from former) as country`,
    [id, name, fold(name), country, featureCode, adminCode, population, lat, lon],
  )
  const formerCountry = former?.country ?? undefined
  return { city, created: formerCountry === undefined, formerCountry }
}

/** Removes a city. Returns the country that it belonged to, or `undefined` if there was no such city. */
export async function removeCity(database: Database, id: number): Promise<string | undefined> {
  const [removed] = await database.query<{ country: string }>(
    'remove city',
    'delete from cities where id = $1 returning country',
    [id],
  )
  return removed?.country
}
