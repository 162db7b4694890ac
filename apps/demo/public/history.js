// The bars of the last answers, and the medians below them.

const SHOWN = 40
const answers = []

const bars = document.getElementById('bars')

/** @param {{ ms: number, cached: boolean, hit: boolean }} answer */
export function addToHistory(answer) {
  answers.push(answer)
  if (answers.length > SHOWN) answers.shift()
  draw()
}

/** The questions of another tab cost something else. */
export function clearHistory() {
  answers.length = 0
  draw()
}

function draw() {
  const highest = Math.max(...answers.map(({ ms }) => ms))
  bars.replaceChildren(
    ...answers.map(({ ms, cached, hit }) => {
      const bar = document.createElement('span')
      bar.className = cached ? (hit ? 'with' : 'with miss') : 'without'
      bar.style.height = `${Math.max(2, (ms / highest) * 100)}%`
      bar.title = `${show(ms)}, ${cached ? (hit ? 'a hit' : 'a miss') : 'without the cache'}`
      return bar
    }),
  )
  const withCache = median(answers.filter(({ cached }) => cached))
  const without = median(answers.filter(({ cached }) => !cached))
  text('median-with', withCache === undefined ? '–' : show(withCache))
  text('median-without', without === undefined ? '–' : show(without))
  const ratio = without / withCache
  text('ratio', ratio >= 1.5 ? `${ratio < 10 ? ratio.toFixed(1) : Math.round(ratio)} times as fast` : '')
}

export const show = (ms) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)}\u00a0ms`

function median(list) {
  if (list.length === 0) return undefined
  return list.map(({ ms }) => ms).sort((a, b) => a - b)[Math.floor(list.length / 2)]
}

function text(id, content) {
  document.getElementById(id).textContent = content
}
