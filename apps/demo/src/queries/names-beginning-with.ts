import type { Database } from '../database/database.js'
import { fold } from '../database/fold.js'

export interface NamesBeginningWith {
  readonly cities: number
  readonly countries: number
  readonly population: number
  /** The largest of these cities; `null` if there are none. */
  readonly largest: string | null
}

/** Totals of the cities whose name begins with a text. */
export async function namesBeginningWith(database: Database, text: string): Promise<NamesBeginningWith> {
  const [sum] = await database.query<NamesBeginningWith>(
    'data',
    `select count(*)::int as cities, count(distinct country)::int as countries,
            coalesce(sum(population), 0) as population,
            (array_agg(name || ', ' || country order by population desc, id))[1] as largest
     from cities where starts_with(folded_name, $1)`,
    [fold(text)],
  )
  return sum as NamesBeginningWith
}
