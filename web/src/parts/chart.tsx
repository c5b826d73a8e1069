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
/** Of an axis without values: its marks should be whole. */
const NOTHING_TO = 4

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
    scales: { y: { range: (_, _least, most) => [0, most > 0 ? most * 1.1 : NOTHING_TO] } },
    axes: [
      { ...axis, size: 28, space: 76, values: (_, ticks) => clocks(ticks) },
      { ...axis, size: 64, values: (_, ticks) => ticks.map(format) },
    ],
    // The last time stands half beyond the plot.
    padding: [8, 24, 0, 0],
    series: [
      {},
      ...series.map(({ label, tone }) => ({
        label,
        stroke: () => colour(tone),
        width: 1.6,
        points: {
          show: true,
          size: 5,
          fill: () => colour(tone),
          filter: (plot: uPlot, index: number) => alone(plot.data[index] ?? []),
        },
        value: (_: uPlot, value: number | null) => (value === null ? '' : format(value)),
      })),
    ],
  }
}

/** Values without a neighbour, which no line leads to. */
function alone(values: ArrayLike<number | null | undefined>): number[] {
  const has = (index: number): boolean => typeof values[index] === 'number'
  return Array.from(values, (_, index) => index).filter((at) => has(at) && !has(at - 1) && !has(at + 1))
}

/** In UTC, as all times here; with seconds where minutes alone would be said twice. */
function clocks(seconds: readonly number[]): string[] {
  const [first = 0, second = Number.POSITIVE_INFINITY] = seconds
  return seconds.map((at) => new Date(at * 1_000).toISOString().slice(11, second - first < 60 ? 19 : 16))
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}
