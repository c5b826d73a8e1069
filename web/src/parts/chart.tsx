import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

export interface Series {
  readonly label: string
  /** A name of a colour in app.css. */
  readonly tone: 'series-1' | 'series-2' | 'bad' | 'warn'
  /** As many as there are times. */
  readonly values: readonly (number | undefined)[]
}

interface Props {
  /** Seconds since 1970, oldest first. */
  readonly times: readonly number[]
  readonly series: readonly Series[]
  readonly format: (value: number) => string
  /** Says in words what the lines say. */
  readonly summary: string
}

const HEIGHT = 180

/** Lines over time. The canvas is for the eye; `summary` says the same to those who read. */
export function Chart({ times, series, format, summary }: Props) {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const shape = series.map(({ label, tone }) => `${label}:${tone}`).join()

  // For other lines only; new data is handed to the same plot below.
  useEffect(() => {
    const parent = box.current
    if (parent === null) return
    const made = new uPlot(optionsFor(series, format, parent.clientWidth), dataOf(times, series), parent)
    plot.current = made
    const resized = new ResizeObserver(() => made.setSize({ width: parent.clientWidth, height: HEIGHT }))
    resized.observe(parent)
    // Colours are read from the theme when something is drawn.
    const themed = new MutationObserver(() => made.redraw())
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
    return () => {
      resized.disconnect()
      themed.disconnect()
      made.destroy()
    }
  }, [shape])

  useEffect(() => plot.current?.setData(dataOf(times, series)), [times, series])

  return (
    <figure class="m-0">
      <div ref={box} aria-hidden="true" />
      <figcaption class="sr-only">{summary}</figcaption>
    </figure>
  )
}

function dataOf(times: readonly number[], series: readonly Series[]): uPlot.AlignedData {
  return [[...times], ...series.map(({ values }) => values.map((value) => value ?? null))]
}

function optionsFor(series: readonly Series[], format: (value: number) => string, width: number): uPlot.Options {
  const axis = {
    stroke: () => colour('muted'),
    grid: { stroke: () => colour('line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  }
  return {
    width,
    height: HEIGHT,
    cursor: { y: false },
    legend: { show: series.length > 1 },
    scales: { y: { range: (_, _least, most) => [0, most > 0 ? most * 1.1 : 1] } },
    axes: [
      { ...axis, size: 28, values: (_, ticks) => ticks.map(clock) },
      { ...axis, size: 64, values: (_, ticks) => ticks.map(format) },
    ],
    padding: [8, 8, 0, 0],
    series: [
      {},
      ...series.map(({ label, tone }) => ({
        label,
        stroke: () => colour(tone),
        width: 1.6,
        points: { show: false },
        value: (_: uPlot, value: number | null) => (value === null ? '' : format(value)),
      })),
    ],
  }
}

/** In UTC, as all times here. */
function clock(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().slice(11, 16)
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}
