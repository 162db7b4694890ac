/** The keys of the data cache, in one place: a writer must delete what a reader has stored. */
export const cityKey = (id: number) => ['city', id] as const
export const countryKey = (code: string) => ['country', code] as const
