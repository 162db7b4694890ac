import type { Database } from '../database/database.js'
import { CITY_COLUMNS, type City } from './city.js'

export interface NearCity extends City {
  /** Kilometres along the great circle. */
  readonly km: number
}

const EARTH_RADIUS_KM = 6371.0088

/**
 * The cities nearest to a point by the haversine formula. It computes the distance of every city, which takes about 70
 * ms: without PostGIS no index supports great-circle distances. `least` keeps the rounding of antipodes inside the
 * domain of the arcsine.
 */
export function nearestCities(
  database: Database,
  { lat, lon, limit }: { lat: number; lon: number; limit: number },
): Promise<NearCity[]> {
  return database.query<NearCity>(
    'near',
    `select ${CITY_COLUMNS}, round(km::numeric, 3)::double precision as km
     from (
       select *, 2 * ${EARTH_RADIUS_KM} * asin(least(1, sqrt(
         power(sin(radians(lat - $1) / 2), 2) +
         cos(radians($1)) * cos(radians(lat)) * power(sin(radians(lon - $2) / 2), 2)
       ))) as km
       from cities
     ) as measured
     order by measured.km, id
     limit $3`,
    [lat, lon, limit],
  )
}
