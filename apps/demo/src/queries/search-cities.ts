import type { Database } from '../database/database.js'
import { fold } from '../database/fold.js'
import { CITY_COLUMNS, type City } from './city.js'

/**
 * Cities with the text anywhere in their name, ignoring case and accents: whole names first, then beginnings, then the
 * rest, larger cities before smaller ones.
 */
export function searchCities(database: Database, { q, limit }: { q: string; limit: number }): Promise<City[]> {
  return database.query<City>(
    'search',
    `select ${CITY_COLUMNS} from cities
     where strpos(folded_name, $1) > 0
     order by folded_name <> $1, not starts_with(folded_name, $1), population desc, id
     limit $2`,
    [fold(q), limit],
  )
}
