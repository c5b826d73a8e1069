import { count } from '../format.js'
import { html, type Markup } from './markup.js'

export interface Bar {
  readonly label: string
  readonly value: number
}

/** A line per bar, each as long as its share of the greatest. */
export function bars(all: readonly Bar[]): Markup {
  const most = Math.max(1, ...all.map(({ value }) => value))
  return html`<dl class="bars">${all.map(({ label, value }) => {
    // What is there can be seen, however small it is beside the others.
    const width = value === 0 ? 0 : Math.max(1, (value / most) * 100)
    return html`<dt>${label}</dt><dd><svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="10" rx="1"/><rect class="fill" width="${width.toFixed(2)}" height="10" rx="1"/></svg></dd><dd>${count(value)}</dd>`
  })}</dl>`
}

export interface Upright {
  /** What it stands for, shown when it is pointed at. */
  readonly title: string
  readonly value: number
  readonly verdict?: 'same' | 'different' | 'unverified'
}

/** Bars side by side, and what is at both ends. */
export function uprights(all: readonly Upright[], [from, to]: readonly [string, string]): Markup {
  const most = Math.max(1, ...all.map(({ value }) => value))
  const width = 100 / Math.max(1, all.length)
  const rects = all.map(({ title, value, verdict = '' }, index) => {
    const height = value === 0 ? 1 : Math.max(2, (value / most) * 100)
    const left = (index * width + width * 0.1).toFixed(2)
    const top = (100 - height).toFixed(2)
    return html`<rect class="fill ${verdict}" x="${left}" y="${top}" width="${(width * 0.8).toFixed(2)}" height="${height.toFixed(2)}"><title>${title}</title></rect>`
  })
  return html`<svg class="plot" viewBox="0 0 100 100" preserveAspectRatio="none" role="img">${rects}</svg><p class="axis"><span>${from}</span><span>${to}</span></p>`
}
