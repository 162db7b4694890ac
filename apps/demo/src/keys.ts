/** The data cache's keys, in one place: who writes must delete what who reads has stored. */
export const cityKey = (id: number) => ['city', id] as const
export const countryKey = (code: string) => ['country', code] as const
