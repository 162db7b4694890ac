// What an answer looks like on the page: tables of cities, figures of a country.

const count = new Intl.NumberFormat('en')
const distance = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })

/** @returns {Node[]} */
export function renderAnswer(body) {
  if (Array.isArray(body?.cities)) return [table(body.cities)]
  if (Array.isArray(body?.largest)) return [figures(body), table(body.largest)]
  if (body?.name !== undefined) return [table([body])]
  return [element('p', body?.message ?? JSON.stringify(body))]
}

function figures(country) {
  const list = element('dl')
  const add = (name, value) => list.append(wrap(element('dt', name), element('dd', value)))
  add('Rank', `${country.rank} of ${country.rankOf}`)
  add('Cities', count.format(country.cities))
  add('People in them', count.format(country.population))
  add('Median city', count.format(country.medianPopulation))
  add('Above a million', count.format(country.millionCities))
  return list
}

function table(cities) {
  if (cities.length === 0) return element('p', 'No city.')
  const withDistance = cities[0].km !== undefined
  const head = element('tr')
  for (const title of ['City', 'Country', 'People', ...(withDistance ? ['Distance'] : [])]) {
    head.append(element('th', title))
  }
  const body = element('tbody')
  for (const { name, country, population, km } of cities) {
    const row = element('tr')
    row.append(element('td', name), element('td', country), element('td', count.format(population)))
    if (withDistance) row.append(element('td', `${distance.format(km)} km`))
    body.append(row)
  }
  const all = element('table')
  const header = element('thead')
  header.append(head)
  all.append(header, body)
  return all
}

function element(tag, text = '') {
  const node = document.createElement(tag)
  node.textContent = text
  return node
}

function wrap(...nodes) {
  const div = document.createElement('div')
  div.append(...nodes)
  return div
}
