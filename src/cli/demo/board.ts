import { createLogUpdate } from 'log-update'
import type { Io } from '../io.js'
import { type Paint, paint } from '../render/paint.js'

const FRAME_MS = 250
/** Between two lines of progress where there is no terminal. */
const LINE_MS = 2_000

/** What a scene shows while it runs. */
export interface Live {
  /** Several lines for a terminal. */
  view(width: number): string
  /** The same in one line. */
  line(): string
}

/**
 * Where the demo speaks: lines that stay, and below them on a terminal one part that is redrawn. Without a terminal, or
 * with `--json`, everything is lines, and with `--json` on stderr.
 */
export class Board {
  readonly paint: Paint
  readonly #io: Io
  readonly #json: boolean
  readonly #update: ReturnType<typeof createLogUpdate> | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(io: Io, json: boolean) {
    this.#io = io
    this.#json = json
    this.paint = paint(json ? { ...io, isTty: false } : io)
    this.#update = io.isTty && !json ? createLogUpdate(process.stdout) : undefined
  }

  say(text: string): void {
    if (this.#update !== undefined) this.#update.clear()
    if (this.#json) this.#io.err(text)
    else this.#io.out(text)
  }

  /** Something is under way and may take a moment; shown on a terminal until the next word. */
  waiting(text: string): void {
    this.#update?.(`  ${this.paint.dim('…')} ${text}`)
  }

  done(text: string): void {
    this.say(`  ${this.paint.green('✔')} ${text}`)
  }

  failed(text: string): void {
    this.say(`  ${this.paint.red('✗')} ${text}`)
  }

  /** Shows `live` until `stop`; then its part of the screen is free again. */
  play(live: Live): { stop(): void } {
    const show = (): void => {
      if (this.#update !== undefined) this.#update(live.view(this.#io.width))
      else this.say(`  ${live.line()}`)
    }
    this.#timer = setInterval(show, this.#update === undefined ? LINE_MS : FRAME_MS)
    if (this.#update !== undefined) show()
    return { stop: () => this.clear() }
  }

  clear(): void {
    clearInterval(this.#timer)
    this.#update?.clear()
  }

  /** Leaves the terminal as it was found (log-update hides the cursor). */
  end(): void {
    this.clear()
    this.#update?.done()
  }
}
