import { beforeAll, describe, expect, it } from 'vitest'
import { type City, findCity, removeCity, saveCity } from '../src/queries/city.js'
import { countryStatistics } from '../src/queries/country-statistics.js'
import { namesBeginningWith } from '../src/queries/names-beginning-with.js'
import { nearestCities } from '../src/queries/nearest-cities.js'
import { populationGrid } from '../src/queries/population-grid.js'
import { searchCities } from '../src/queries/search-cities.js'
import { worldStatistics } from '../src/queries/world-statistics.js'
import { BERLIN, database } from './support.js'

beforeAll(() => database.ready)

describe('one city', () => {
  it('is found by its id', async () => {
    expect(await findCity(database, BERLIN)).toEqual({
      id: BERLIN,
      name: 'Berlin',
      country: 'DE',
      featureCode: 'PPLC',
      adminCode: '16',
      population: 3_426_354,
      lat: 52.52437,
      lon: 13.41053,
    })
  })

  it('is null when there is none', async () => {
    expect(await findCity(database, 1)).toBeNull()
  })

  it('is created, replaced and removed', async () => {
    const lyonesse: City = {
      id: 2_000_000_001,
      name: 'Lyönesse',
      country: 'XX',
      featureCode: 'PPL',
      adminCode: '',
      population: 12,
      lat: 31,
      lon: -40,
    }
    expect(await saveCity(database, lyonesse)).toEqual({ city: lyonesse, created: true, formerCountry: undefined })
    expect(await searchCities(database, { q: 'lyonesse', limit: 5 })).toEqual([lyonesse])

    const moved = { ...lyonesse, country: 'YY', name: 'New Lyonesse' }
    expect(await saveCity(database, moved)).toEqual({ city: moved, created: false, formerCountry: 'XX' })
    expect(await findCity(database, lyonesse.id)).toEqual(moved)
    expect(await searchCities(database, { q: 'new lyonesse', limit: 5 })).toEqual([moved])

    expect(await removeCity(database, lyonesse.id)).toBe('YY')
    expect(await removeCity(database, lyonesse.id)).toBeUndefined()
    expect(await findCity(database, lyonesse.id)).toBeNull()
  })
})

describe('the nearest cities', () => {
  it('come in the order of their distance', async () => {
    const near = await nearestCities(database, { lat: 52.52, lon: 13.4, limit: 5 })
    expect(near.map(({ name }) => name)).toEqual(['Mitte', 'Berlin', 'Kreuzberg', 'Tiergarten', 'Prenzlauer Berg'])
    expect(near[1]?.km).toBeCloseTo(0.862, 3)
  })

  it('reach across the date line', async () => {
    const [nearest] = await nearestCities(database, { lat: -16.8, lon: -179.99, limit: 1 })
    expect(nearest?.country).toBe('FJ')
    expect(nearest?.lon).toBeGreaterThan(178)
  })

  it('are measured up to the other side of the globe', async () => {
    const all = await nearestCities(database, { lat: -52.52437, lon: 13.41053 - 180, limit: 200_000 })
    expect(all).toHaveLength(135_233)
    expect(all.find(({ id }) => id === BERLIN)?.km).toBeCloseTo(Math.PI * 6371.0088, 1)
  })
})

describe('a country', () => {
  it('is counted and ranked', async () => {
    const china = await countryStatistics(database, 'CN')
    expect(china).toMatchObject({ country: 'CN', rank: 1, rankOf: 246 })
    expect(china?.largest[0]).toMatchObject({ name: 'Shanghai', population: 22_315_474 })
  })

  it('adds up to its cities', async () => {
    const monaco = await countryStatistics(database, 'MC')
    expect(monaco?.largest.length).toBe(monaco?.cities)
    expect(monaco?.population).toBe(monaco?.largest.reduce((sum, { population }) => sum + population, 0))
  })

  it('is null when it has no city', async () => {
    expect(await countryStatistics(database, 'ZZ')).toBeNull()
  })
})

describe('a search', () => {
  it('finds names whatever their accents and case, whole names first', async () => {
    const found = await searchCities(database, { q: 'SAO  paulo', limit: 3 })
    expect(found[0]).toMatchObject({ name: 'São Paulo', country: 'BR' })
    expect(found[0]?.population).toBeGreaterThan(10_000_000)
  })

  it('finds text inside a name', async () => {
    const names = (await searchCities(database, { q: 'cisco', limit: 100 })).map(({ name }) => name)
    expect(names).toContain('San Francisco')
  })

  it('takes wildcards and quotes as they are', async () => {
    expect(await searchCities(database, { q: '%', limit: 5 })).toEqual([])
    expect(await searchCities(database, { q: "'; drop table cities; --", limit: 5 })).toEqual([])
  })
})

describe('names beginning with a text', () => {
  it('are added up', async () => {
    expect(await namesBeginningWith(database, 'Berl')).toMatchObject({ largest: 'Berlin, DE' })
  })

  it('add up to zero when there are none', async () => {
    expect(await namesBeginningWith(database, 'qqqq')).toEqual({
      cities: 0,
      countries: 0,
      population: 0,
      largest: null,
    })
  })
})

describe('the world', () => {
  it('holds all the cities of the package', async () => {
    expect(await worldStatistics(database)).toMatchObject({ cities: 135_233, countries: 246 })
  })

  it('is drawn in cells inside the grid', async () => {
    const cells = await populationGrid(database, { perDegree: 2, north: 80, south: -60 })
    expect(cells.length).toBeGreaterThan(10_000)
    for (const { column, row } of cells) {
      expect(column >= 0 && column < 720 && row >= 0 && row < 280).toBe(true)
    }
  })
})

it('counts how often each query ran', async () => {
  const before = database.loads
  await findCity(database, BERLIN)
  await findCity(database, BERLIN)
  expect(database.loads.city).toBe((before.city ?? 0) + 2)
  expect(database.loads.near).toBe(before.near)
})
