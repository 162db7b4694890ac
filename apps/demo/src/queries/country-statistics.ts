import type { Database } from '../database/database.js'
import { CITY_COLUMNS, type City } from './city.js'

export interface CountryStatistics {
  /** ISO 3166-1 alpha-2. */
  readonly country: string
  readonly cities: number
  /** The sum over all its cities. */
  readonly population: number
  readonly medianPopulation: number
  /** Number of cities with at least a million people. */
  readonly millionCities: number
  /** 1 for the country with the most people in cities. */
  readonly rank: number
  /** Number of ranked countries. */
  readonly rankOf: number
  readonly largest: readonly City[]
}

type Figures = Omit<CountryStatistics, 'largest'>

/** Statistics of a country; `null` if it has no city. Its rank takes a sum over the whole world. */
export async function countryStatistics(database: Database, country: string): Promise<CountryStatistics | null> {
  const [figures] = await database.query<Figures>(
    'country',
    `with totals as (
       select country, count(*)::int as cities, sum(population) as population,
              percentile_cont(0.5) within group (order by population) as "medianPopulation",
              (count(*) filter (where population >= 1000000))::int as "millionCities"
       from cities group by country
     ),
     ranked as (
       select *, rank() over (order by population desc)::int as rank, count(*) over ()::int as "rankOf" from totals
     )
     select * from ranked where country = $1`,
    [country],
  )
  if (figures === undefined) return null
  const largest = await database.query<City>(
    'largest of a country',
    `select ${CITY_COLUMNS} from cities where country = $1 order by population desc, id limit 10`,
    [country],
  )
  return { ...figures, largest }
}
