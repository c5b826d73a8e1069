import { createLogUpdate } from 'log-update'
import { OTHER_EVENTS, type OtherEventName } from '../../observe/events/vocabulary.js'
import { createLogger } from '../../observe/logger.js'
import type { Io } from '../io.js'
import { type LoadView, renderLoad } from '../render/load-view.js'
import { paint } from '../render/paint.js'
import type { LoadMeter } from './load-meter.js'

/** Shows a load while it runs: a live view on a terminal, log lines elsewhere. `stop` leaves the last view standing. */
export function showLoad(meter: LoadMeter, io: Io, options: { json: boolean; everyMs: number }): { stop(): void } {
  const live = io.isTty && !options.json
  const show = live ? liveView(io) : logLines(io)
  const timer = setInterval(() => show.view(meter.look()), live ? Math.min(options.everyMs, 200) : options.everyMs)
  return {
    stop: () => {
      clearInterval(timer)
      if (live) show.view(meter.look())
      show.end()
    },
  }
}

interface Screen {
  view(view: LoadView): void
  end(): void
}

function liveView(io: Io): Screen {
  const update = createLogUpdate(process.stdout)
  const colours = paint(io)
  return { view: (view) => update(renderLoad(view, { width: io.width, paint: colours })), end: () => update.done() }
}

function logLines(io: Io): Screen {
  const log = createLogger('info', { write: (line) => io.err(line.trimEnd()) })
  const tell = (event: OtherEventName, fields: Readonly<Record<string, unknown>>, message: string): void =>
    log[OTHER_EVENTS[event]]({ event, ...fields }, message)
  return {
    view: ({ failing, ...figures }) => {
      const fields = { ...figures, elapsedMs: Math.round(figures.elapsedMs) }
      if (failing.length === 0) tell('load.progress', fields, 'loading')
      else tell('load.failing', { ...fields, failing }, 'loading, with failures')
    },
    end: () => undefined,
  }
}
