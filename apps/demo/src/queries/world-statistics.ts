import type { Database } from '../database/database.js'
import { CITY_COLUMNS, type City } from './city.js'

export interface WorldStatistics {
  readonly cities: number
  readonly countries: number
  readonly population: number
  readonly largest: readonly City[]
}

/** Statistics of the world. */
export async function worldStatistics(database: Database): Promise<WorldStatistics> {
  const [figures] = await database.query<Omit<WorldStatistics, 'largest'>>(
    'world',
    `select count(*)::int as cities, count(distinct country)::int as countries, sum(population) as population from cities`,
  )
  const largest = await database.query<City>(
    'largest of the world',
    `select ${CITY_COLUMNS} from cities order by population desc, id limit 10`,
  )
  return { ...(figures as Omit<WorldStatistics, 'largest'>), largest }
}
