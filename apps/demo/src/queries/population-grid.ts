import type { Database } from '../database/database.js'

/** The population of one cell of the world's grid. */
export interface GridCell {
  /** Counted from 180° west. */
  readonly column: number
  /** Counted from `north`. */
  readonly row: number
  readonly population: number
}

/** Cells of `1 / perDegree` degrees between two latitudes. Cells without people are left out. */
export function populationGrid(
  database: Database,
  { perDegree, north, south }: { perDegree: number; north: number; south: number },
): Promise<GridCell[]> {
  return database.query<GridCell>(
    'map',
    `select floor((lon + 180) * $1)::int as "column", floor(($2 - lat) * $1)::int as "row", sum(population) as population
     from cities where lat < $2 and lat > $3 group by 1, 2`,
    [perDegree, north, south],
  )
}
