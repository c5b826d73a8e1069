interface Props {
  /** Oldest first; `undefined` where nothing was measured. */
  readonly values: readonly (number | undefined)[]
  /** What a person who does not see the line is told. */
  readonly label: string
  readonly tone?: 'series-1' | 'series-2' | 'bad'
}

const WIDTH = 120
const HEIGHT = 28

/** A line without axes: where a figure comes from and where it goes. */
export function Sparkline({ values, label, tone = 'series-1' }: Props) {
  const most = Math.max(0, ...values.map((value) => value ?? 0))
  const x = (index: number) => (values.length < 2 ? 0 : (index / (values.length - 1)) * WIDTH)
  const y = (value: number) => HEIGHT - 2 - (most === 0 ? 0 : (value / most) * (HEIGHT - 4))
  const points = values.map((value, index) => ({ x: x(index), y: value === undefined ? undefined : y(value) }))
  const line = path(points)
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" class="h-7 w-full">
      <path d={`M0 ${HEIGHT - 1}H${WIDTH}`} stroke="var(--line)" fill="none" />
      <path
        d={line}
        fill="none"
        stroke={`var(--${tone})`}
        stroke-width="1.6"
        stroke-linejoin="round"
        vector-effect="non-scaling-stroke"
      />
    </svg>
  )
}

function path(points: readonly { readonly x: number; readonly y: number | undefined }[]): string {
  let pen = 'M'
  const parts: string[] = []
  for (const { x, y } of points) {
    if (y === undefined) {
      pen = 'M'
      continue
    }
    parts.push(`${pen}${x.toFixed(1)} ${y.toFixed(1)}`)
    pen = 'L'
  }
  return parts.join('')
}
