import { createLogUpdate } from 'log-update'
import type { ProgressListener } from '../../core/progress.js'
import type { Io } from '../io.js'
import { renderProgress } from '../render/check-progress.js'
import { paint, plain } from '../render/paint.js'
import { ProgressMeter } from './progress-meter.js'

const FRAME_MS = 200
/** Between two lines where nothing can be drawn over. */
const LINE_MS = 10_000

export interface ProgressScreen extends Disposable {
  readonly listener: ProgressListener | undefined
  /** Writes to stderr without tearing the line apart. */
  err(text: string): void
}

export interface ProgressOptions {
  readonly flow: string
  /** Also where there is no terminal, then as lines. */
  readonly lines: boolean
  /** The terminal is written to meanwhile. */
  readonly shared: boolean
}

/** Shows how far a check is on stderr: one live line on a terminal; elsewhere nothing, or a line now and then. */
export function progressScreen(io: Io, options: ProgressOptions): ProgressScreen {
  if (io.terminal !== undefined && !options.shared) return liveLine(io, io.terminal, options.flow)
  if (options.lines) return plainLines(io, options.flow)
  return { listener: undefined, err: io.err, [Symbol.dispose]: () => undefined }
}

function liveLine(io: Io, terminal: NodeJS.WriteStream, flow: string): ProgressScreen {
  const update = createLogUpdate(terminal)
  const meter = new ProgressMeter(flow)
  const draw = (): void => {
    const view = meter.look()
    const colours = paint({ isTty: true, env: io.env })
    if (view !== undefined) update(renderProgress(view, { width: terminal.columns || 80, paint: colours }))
  }
  const timer = setInterval(draw, FRAME_MS)
  let over = false
  return {
    listener(progress) {
      if (meter.take(progress)) draw()
    },
    err(text) {
      update.clear()
      io.err(text)
    },
    // The result takes the place of the line.
    [Symbol.dispose]() {
      if (over) return
      over = true
      clearInterval(timer)
      update.clear()
      update.done()
    },
  }
}

function plainLines(io: Io, flow: string): ProgressScreen {
  const meter = new ProgressMeter(flow)
  let nextMs = 0
  const show = (): void => {
    const view = meter.look()
    nextMs = performance.now() + LINE_MS
    if (view !== undefined) io.err(renderProgress(view, { width: Number.POSITIVE_INFINITY, paint: plain }))
  }
  const timer = setInterval(show, LINE_MS)
  return {
    listener(progress) {
      const begins = meter.take(progress)
      if (begins || performance.now() >= nextMs) show()
    },
    err: io.err,
    [Symbol.dispose]: () => clearInterval(timer),
  }
}
