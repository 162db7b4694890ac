import { renderAnswer } from './answers.js'
import { explain } from './cache-status.js'
import { addToHistory, clearHistory, show } from './history.js'

/** The map's edges in degrees, as src/pictures/world-map.ts draws it. */
const MAP = { north: 78, south: -57, west: -180, east: 180 }
/** "Ten of each". */
const MANY = 10

const byId = (id) => document.getElementById(id)
const tabs = [...document.querySelectorAll('[role=tab]')]
const actions = [...document.querySelectorAll('.actions button')]
const save = byId('save')
let current = 'near'

const form = () => byId(`form-${current}`)

/** The question's address, without the prefix that leaves the cache out. */
function address() {
  const values = Object.fromEntries(new FormData(form()))
  if (current === 'near') return `/cities/near?${new URLSearchParams(values)}`
  if (current === 'country') return `/countries/${encodeURIComponent(values.code)}`
  if (current === 'search') return `/search?${new URLSearchParams(values)}`
  return `/cities/${values.id}`
}

/**
 * Asks and measures. The browser's own cache stays out of it, and so do cookies that another application on this host
 * may have left: a request with cookies is not answered out of a shared cache.
 */
async function request(path, init = {}) {
  const start = performance.now()
  const response = await fetch(path, { cache: 'no-store', credentials: 'omit', ...init })
  const text = await response.text()
  return { response, text, ms: performance.now() - start }
}

async function ask(cached) {
  if (!form().reportValidity()) return
  const { response, text, ms } = await request(cached ? address() : `/uncached${address()}`)
  const header = response.headers.get('cache-status')
  const { kind, label, words } = explain(header)
  addToHistory({ ms, cached, hit: kind === 'hit' })

  byId('cost-ms').textContent = show(ms)
  byId('cost-words').textContent = words
  byId('cost-detail').textContent = serverCost(response.headers.get('server-timing'))
  byId('cost-header').textContent = header === null ? '' : `Cache-Status: ${header}`
  const badge = byId('cost-badge')
  badge.textContent = label
  badge.className = `badge ${kind}`
  badge.hidden = false

  const body = JSON.parse(text)
  byId('answer').replaceChildren(...renderAnswer(body))
  if (current === 'city') offerEdit(response.ok ? body : undefined)
  if (current === 'near') markCities(body.cities ?? [])
}

/** `db;dur=68.2, total;dur=69.0` in words. */
function serverCost(header) {
  const [, database, total] = /db;dur=([\d.]+), total;dur=([\d.]+)/.exec(header ?? '') ?? []
  return total === undefined ? '' : `In the server ${total} ms, of which ${database} ms for the database.`
}

/** One after the other: the page stays as it is until all is done. */
async function busy(work) {
  for (const button of actions) button.disabled = true
  try {
    await work()
  } catch (error) {
    byId('cost-words').textContent = `That did not work: ${error.message}`
  } finally {
    for (const button of actions) button.disabled = false
  }
}

async function askMany() {
  for (let i = 0; i < MANY; i++) {
    await ask(false)
    await ask(true)
  }
}

// One city: edit and save.

let city

function offerEdit(found) {
  city = found
  save.disabled = city === undefined
  form().elements.population.value = city?.population ?? ''
}

async function saveCity() {
  const population = Number(form().elements.population.value)
  const { response, text } = await request(`/cities/${city.id}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...city, population }),
  })
  if (!response.ok) throw new Error(JSON.parse(text).message)
  await ask(true)
  byId('cost-words').prepend('Saved; the write deleted the city from the cache. ')
}

// The map.

function markCities(cities) {
  const marks = cities.map(({ lat, lon, name }) => {
    const mark = document.createElement('i')
    mark.style.left = `${((lon - MAP.west) / (MAP.east - MAP.west)) * 100}%`
    mark.style.top = `${((MAP.north - lat) / (MAP.north - MAP.south)) * 100}%`
    mark.title = name
    return mark
  })
  for (const old of byId('map').querySelectorAll('i')) old.remove()
  byId('map').append(...marks)
}

function pickOnMap(event) {
  const box = event.currentTarget.getBoundingClientRect()
  const lon = MAP.west + ((event.clientX - box.left) / box.width) * (MAP.east - MAP.west)
  const lat = MAP.north - ((event.clientY - box.top) / box.height) * (MAP.north - MAP.south)
  form().elements.lat.value = lat.toFixed(1)
  form().elements.lon.value = lon.toFixed(1)
  showAddress()
  busy(() => ask(true))
}

// Tabs.

function select(tab) {
  current = tab.id.replace('tab-', '')
  for (const other of tabs) {
    const chosen = other === tab
    other.setAttribute('aria-selected', String(chosen))
    other.tabIndex = chosen ? 0 : -1
    byId(other.getAttribute('aria-controls')).hidden = !chosen
  }
  byId('answer').replaceChildren()
  clearHistory()
  showAddress()
}

function moveBetweenTabs(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
  if (step === undefined) return
  const next = tabs[(tabs.indexOf(event.currentTarget) + step + tabs.length) % tabs.length]
  next.focus()
  select(next)
}

function showAddress() {
  byId('address').textContent = `GET ${address()}`
}

// The four patterns.

async function tryPattern(button) {
  const { path, method = 'GET', type = 'application/json', body, now } = button.dataset
  const sent = now === undefined ? body : `Noted at ${new Date().toLocaleTimeString()}`
  const init = sent === undefined ? { method } : { method, body: sent, headers: { 'content-type': type } }
  const { response, text, ms } = await request(path, init)
  const header = response.headers.get('cache-status')
  const status = `${method} ${response.status} in ${show(ms)}${header === null ? '' : `: ${explain(header).label.toLowerCase()}`}`
  const shown = text.length > 160 ? `${text.slice(0, 160)}…` : text
  button.closest('article').querySelector('output').textContent = `${status}\n${shown}`
}

function storeInWords({ status, store }) {
  if (status === 'loading') return ['loading', 'The cities are being loaded …']
  if (!store.reachable) return ['down', `${store.url} does not answer: served from the database`]
  return ['up', `Cached in ${store.url === 'memory:' ? "this process's memory" : store.url}`]
}

async function showStore() {
  const [state, words] = await request('/healthz').then(
    ({ text }) => storeInWords(JSON.parse(text)),
    () => ['down', 'The demo does not answer'],
  )
  byId('store').textContent = words
  byId('store').dataset.state = state
}

byId('ask-with').addEventListener('click', () => busy(() => ask(true)))
byId('ask-without').addEventListener('click', () => busy(() => ask(false)))
byId('ask-many').addEventListener('click', () => busy(askMany))
save.addEventListener('click', () => busy(saveCity))
byId('map').addEventListener('click', pickOnMap)
for (const tab of tabs) {
  tab.addEventListener('click', () => select(tab))
  tab.addEventListener('keydown', moveBetweenTabs)
  const panel = byId(tab.getAttribute('aria-controls'))
  panel.addEventListener('input', showAddress)
  // Enter asks with the cache instead of leaving the page.
  panel.addEventListener('submit', (event) => {
    event.preventDefault()
    busy(() => ask(true))
  })
}
for (const button of document.querySelectorAll('[data-path]')) {
  button.addEventListener('click', () => tryPattern(button))
}

showAddress()
showStore()
setInterval(showStore, 10_000)
