/** Dates of HTTP, RFC 9110 section 5.6.7: one form to write, three to read. Anything else is no date. */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const DAY = '(?:mon|tue|wed|thu|fri|sat|sun)'
const LONG_DAY = '(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)'
const MONTH = `(${MONTHS.join('|')})`
const TIME = '(\\d\\d):(\\d\\d):(\\d\\d)'

/** `Sun, 06 Nov 1994 08:49:37 GMT` */
const IMF_FIXDATE = new RegExp(`^${DAY}, (\\d\\d) ${MONTH} (\\d{4}) ${TIME} gmt$`, 'i')
/** `Sunday, 06-Nov-94 08:49:37 GMT`, obsolete */
const RFC850 = new RegExp(`^${LONG_DAY}, (\\d\\d)-${MONTH}-(\\d\\d) ${TIME} gmt$`, 'i')
/** `Sun Nov  6 08:49:37 1994`, obsolete */
const ASCTIME = new RegExp(`^${DAY} ${MONTH} (\\d\\d| \\d) ${TIME} (\\d{4})$`, 'i')

/** Milliseconds since the epoch, or `undefined`. `now` decides the century of a two-digit year. */
export function parseHttpDate(text: string, now: number): number | undefined {
  const imf = IMF_FIXDATE.exec(text)
  if (imf !== null) {
    const [, day, month, year, ...time] = imf
    return utc(Number(year), month, day, time)
  }
  const rfc850 = RFC850.exec(text)
  if (rfc850 !== null) {
    const [, day, month, year, ...time] = rfc850
    return withinFiftyYears(Number(year), now, (fullYear) => utc(fullYear, month, day, time))
  }
  const asctime = ASCTIME.exec(text)
  if (asctime !== null) {
    const [, month, day, hours, minutes, seconds, year] = asctime
    return utc(Number(year), month, day, [hours, minutes, seconds])
  }
  return undefined
}

/** IMF-fixdate, to the second below. */
export function formatHttpDate(ms: number): string {
  return new Date(ms).toUTCString()
}

/** More than 50 years ahead means the last year in the past with these two digits. */
function withinFiftyYears(digits: number, now: number, at: (year: number) => number | undefined): number | undefined {
  const limit = new Date(now)
  limit.setUTCFullYear(limit.getUTCFullYear() + 50)
  const lastYear = limit.getUTCFullYear()
  const year = lastYear - ((((lastYear - digits) % 100) + 100) % 100)
  const ms = at(year)
  return ms !== undefined && ms > limit.getTime() ? at(year - 100) : ms
}

function utc(
  year: number,
  month: string | undefined,
  day: string | undefined,
  time: readonly (string | undefined)[],
): number | undefined {
  const [hours, minutes, seconds] = time.map(Number) as [number, number, number]
  // 60 is a leap second; Date has none and counts it as the next minute's first.
  if (hours > 23 || minutes > 59 || seconds > 60) return undefined
  const monthIndex = MONTHS.indexOf((month as string).toLowerCase())
  const date = new Date(0)
  // Not Date.UTC: it reads the years 0 to 99 as 1900 to 1999.
  date.setUTCFullYear(year, monthIndex, Number(day))
  if (date.getUTCMonth() !== monthIndex) return undefined
  return date.setUTCHours(hours, minutes, seconds)
}
