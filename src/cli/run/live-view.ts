import { createLogUpdate } from 'log-update'
import type { Io } from '../io.js'
import { paint } from '../render/paint.js'
import { type RunView, renderRun } from '../render/run-view.js'

const FRAME_MS = 200

export interface LiveView {
  /** Draws a last time and leaves that on the screen. */
  stop(): void
}

/** Shows the flows on the terminal, drawn over itself five times a second. */
export function liveView(io: Io, view: () => RunView): LiveView {
  const update = createLogUpdate(process.stdout)
  const colours = paint(io)
  const draw = (): void => update(renderRun(view(), { width: io.width, paint: colours }))
  draw()
  const timer = setInterval(draw, FRAME_MS)
  return {
    stop() {
      clearInterval(timer)
      draw()
      update.done()
    },
  }
}
