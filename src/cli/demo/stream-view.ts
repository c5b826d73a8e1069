import { count } from '../render/format.js'
import type { Paint } from '../render/paint.js'
import type { Live } from './board.js'

/** How far a flow is, at this moment. */
export interface TargetFigures {
  /** Where it writes to. */
  readonly name: string
  /** Messages whose rows are stored, or older than what is there. */
  readonly stored: number
  readonly deadLetters: number
  readonly held: number
}

export interface StreamViewOptions {
  readonly paint: Paint
  /** What a message is called: `messages`, `events`. */
  readonly items: string
  /** Messages that will have been read in the end, about. */
  readonly wanted: number
  look(): Promise<readonly TargetFigures[]>
}

interface Sample {
  readonly atMs: number
  readonly figures: readonly TargetFigures[]
}

const LABEL = 12
const FIGURE = 14
const BAR = 40
/** Rates are of so long a time. */
const WINDOW_MS = 2_000

/** The live part of the screen while messages flow: for each target a line with its figures, and how far all are. */
export function streamView({ paint, items, wanted, look }: StreamViewOptions): Live {
  const samples = new Samples(look)
  return {
    view(width) {
      const rows = samples.rows()
      const head = ['stored', `${items}/s`, 'dead letters', 'held'].map((title) => title.padStart(FIGURE)).join('')
      const lines = rows.map(
        ({ name, stored, perSecond, deadLetters, held }) =>
          `  ${paint.dim(name.padEnd(LABEL))}${paint.bold(count(stored).padStart(FIGURE))}${[perSecond, deadLetters, held].map((value) => count(value).padStart(FIGURE)).join('')}`,
      )
      const done = Math.min(wanted, ...rows.map(({ stored, deadLetters, held }) => stored + deadLetters + held))
      const share = rows.length === 0 ? 0 : done
      const end = rows.length === 0 ? 'the flow is starting' : `${count(share)} of ${count(wanted)} ${items}`
      return [
        '',
        `  ${paint.dim(' '.repeat(LABEL) + head)}`,
        ...lines,
        '',
        `  ${bar(share / wanted, paint, Math.min(BAR, width - BAR))}  ${end}`,
      ].join('\n')
    },
    line() {
      const rows = samples.rows()
      if (rows.length === 0) return 'the flow is starting'
      return rows
        .map(
          ({ name, stored, perSecond, deadLetters, held }) =>
            `${name}: ${count(stored)} of ${count(wanted)} ${items} stored, ${count(perSecond)}/s; dead letters ${count(deadLetters)}, held ${count(held)}`,
        )
        .join('\n  ')
    },
  }
}

/** Looks again each time it is asked, and answers what was found last. */
class Samples {
  readonly #look: () => Promise<readonly TargetFigures[]>
  #samples: readonly Sample[] = []
  #looking = false

  constructor(look: () => Promise<readonly TargetFigures[]>) {
    this.#look = look
  }

  rows(): readonly (TargetFigures & { readonly perSecond: number })[] {
    void this.#take()
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    if (first === undefined || last === undefined) return []
    const seconds = (last.atMs - first.atMs) / 1000
    return last.figures.map((figures, index) => {
      const more = figures.stored - (first.figures[index]?.stored ?? 0)
      return { ...figures, perSecond: seconds === 0 ? 0 : Math.max(0, Math.round(more / seconds)) }
    })
  }

  async #take(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    try {
      const found = await this.#look()
      const known = this.#samples.at(-1)?.figures
      // Figures of one look are of slightly different moments; a count that steps back would only confuse.
      const figures = found.map((one, index) => ({ ...one, stored: Math.max(one.stored, known?.[index]?.stored ?? 0) }))
      const atMs = performance.now()
      // One sample before the window, so that it is whole.
      const old = this.#samples.findLastIndex((sample) => atMs - sample.atMs > WINDOW_MS)
      this.#samples = [...this.#samples.slice(Math.max(0, old)), { atMs, figures }]
    } catch {
      // It is for the eye only; the verdict asks again and fails if it must.
    } finally {
      this.#looking = false
    }
  }
}

function bar(share: number, paint: Paint, width: number): string {
  if (width < 10) return ''
  const full = Math.min(width, Math.round(share * width))
  return paint.cyan('━'.repeat(full)) + paint.dim('━'.repeat(width - full))
}
