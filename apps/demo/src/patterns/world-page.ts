import type { WorldStatistics } from '../queries/world-statistics.js'

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? '')

/** Statistics of the world, as a page. */
export function renderWorldPage({ cities, countries, largest }: WorldStatistics): string {
  const rows = largest.map(
    ({ name, country, population }) =>
      `<tr><td>${escapeHtml(name)}</td><td>${escapeHtml(country)}</td><td>${population.toLocaleString('en')}</td></tr>`,
  )
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>The largest cities</title>
<link rel="stylesheet" href="/style.css">
<main class="sheet">
<h1>The largest of ${cities.toLocaleString('en')} cities</h1>
<p>In ${countries} countries and territories.</p>
<table>
<thead><tr><th>City</th><th>Country</th><th>People</th></tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table>
<p><a href="/">Back to the start</a></p>
</main>
</html>
`
}
