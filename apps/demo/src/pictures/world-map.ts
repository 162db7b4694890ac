import type { Database } from '../database/database.js'
import { type GridCell, populationGrid } from '../queries/population-grid.js'
import { encodePng } from './png.js'

/** The part of the world that people live in. The start page turns a click into degrees by the same numbers. */
const NORTH = 78
const SOUTH = -57
const PIXELS_PER_DEGREE = 4
const WIDTH = 360 * PIXELS_PER_DEGREE
const HEIGHT = (NORTH - SOUTH) * PIXELS_PER_DEGREE

const NIGHT = [13, 17, 34] as const
const LIGHT = [255, 214, 140] as const
/** More people than in any cell. The brightness is logarithmic. */
const BRIGHTEST = Math.log10(2e7)
/** The population from which a city lights up the cells around it. */
const GLOWS_FROM = 150_000

/** The world at night, a light for each city: a PNG of 1440 x 540 pixels. */
export async function drawWorldMap(database: Database): Promise<Buffer> {
  const cells = await populationGrid(database, { perDegree: PIXELS_PER_DEGREE, north: NORTH, south: SOUTH })
  const light = new Float32Array(WIDTH * HEIGHT)
  for (const cell of cells) addLight(light, cell)

  const pixels = new Uint8Array(light.length * 3)
  light.forEach((amount, index) => {
    const share = Math.min(1, amount)
    for (let channel = 0; channel < 3; channel++) {
      const night = NIGHT[channel] as number
      pixels[index * 3 + channel] = night + ((LIGHT[channel] as number) - night) * share
    }
  })
  return encodePng(WIDTH, HEIGHT, pixels)
}

function addLight(light: Float32Array, { column, row, population }: GridCell): void {
  const brightness = Math.log10(population + 1) / BRIGHTEST
  const reach = population >= GLOWS_FROM ? 1 : 0
  for (let y = row - reach; y <= row + reach; y++) {
    for (let x = column - reach; x <= column + reach; x++) {
      if (x < 0 || x >= WIDTH || y < 0 || y >= HEIGHT) continue
      const index = y * WIDTH + x
      light[index] = (light[index] as number) + (x === column && y === row ? brightness : brightness * 0.25)
    }
  }
}
