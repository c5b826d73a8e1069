/**
 * Colours are of the reader's choice of dark and light, as of the page around (`color-scheme`), on a card of its own: a reader who
 * shows the file elsewhere can read it too.
 */
const STYLE = `text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--ink)}
svg{--card:#fff;--ink:#28323a;--soft:#5d6870;--line:#e3e8ea;--c0:#0f766e;--c1:#b45309;--c2:#3b6fb6;--c3:#8a3ffc;--c4:#6b7280}
@media (prefers-color-scheme:dark){svg{--card:#1b2024;--ink:#e2e7ea;--soft:#9aa5ad;--line:#323a41;--c0:#2dd4bf;--c1:#fbbf24;--c2:#7aa7e0;--c3:#c4a1ff;--c4:#9ca3af}}
.card{fill:var(--card);stroke:var(--line)}.grid{stroke:var(--line)}circle{stroke:var(--card);stroke-width:1.5}.soft{fill:var(--soft)}.small{font-size:12px}
.title{font-weight:600;font-size:14px}.line{fill:none;stroke-width:2.2;stroke-linejoin:round}.end{text-anchor:end}.middle{text-anchor:middle}
${[0, 1, 2, 3, 4].map((at) => `.f${at}{fill:var(--c${at})}.s${at}{stroke:var(--c${at})}`).join('')}`

/** Of what colours there are; others begin again. */
export const COLOURS = 5

export interface Drawing {
  readonly width: number
  readonly height: number
  /** What it shows, for those who cannot see it. */
  readonly title: string
  readonly elements: readonly string[]
}

export function svg({ width, height, title, elements }: Drawing): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"><title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="card" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="10"/>`,
    ...elements,
    '</svg>',
    '',
  ].join('\n')
}

export interface Place {
  readonly x: number
  readonly y: number
}

export function text({ x, y }: Place, content: string, classes = ''): string {
  const named = classes === '' ? '' : ` class="${classes}"`
  return `<text x="${round(x)}" y="${round(y)}"${named}>${escaped(content)}</text>`
}

export function rule(from: Place, to: Place): string {
  return `<path class="grid" d="M${round(from.x)} ${round(from.y)}L${round(to.x)} ${round(to.y)}"/>`
}

export function dot({ x, y }: Place, colour: number, label: string): string {
  return `<circle class="f${colour}" cx="${round(x)}" cy="${round(y)}" r="5.5"><title>${escaped(label)}</title></circle>`
}

export function line(places: readonly Place[], colour: number): string {
  const steps = places.map(({ x, y }, at) => `${at === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`)
  return `<path class="line s${colour}" d="${steps.join('')}"/>`
}

/** A place on an axis on which each power of ten is as long as the next. */
export function logarithmic(values: readonly [number, number], pixels: readonly [number, number]) {
  const [low, high] = values.map(Math.log10)
  const [from, to] = pixels
  return (value: number): number => from + ((Math.log10(value) - (low ?? 0)) / ((high ?? 1) - (low ?? 0))) * (to - from)
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10)
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
