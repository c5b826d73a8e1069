const DIGITS = 2
const UNITS = [
  ['G', 1e9],
  ['M', 1e6],
  ['k', 1e3],
] as const

const SPANS = [
  ['years', 365 * 86_400],
  ['days', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
  ['ms', 0.001],
] as const

/** `48 k`, `1.2 M`: two digits, as a model has no more. */
export function rate(value: number): string {
  const [unit, size] = UNITS.find(([, size]) => value >= size * 0.9995) ?? ['', 1]
  return `${digits(value / size)}${unit === '' ? '' : ` ${unit}`}`
}

/** `3.5 h`, of seconds. */
export function duration(seconds: number): string {
  const [unit, size] = SPANS.find(([, size]) => seconds >= size * 0.9995) ?? ['ms', 0.001]
  const amount = digits(seconds / size)
  return `${amount} ${amount === '1' ? unit.replace(/s$/, unit === 's' || unit === 'ms' ? 's' : '') : unit}`
}

/** `72 MB` */
export function bytes(value: number): string {
  if (value >= 1e6) return `${digits(value / 1e6)} MB`
  return value >= 1e3 ? `${digits(value / 1e3)} kB` : `${digits(value)} B`
}

/** Two digits that mean something. */
export function digits(value: number): string {
  if (value >= 10 ** DIGITS) return Math.round(Number(value.toPrecision(DIGITS))).toLocaleString('en-US')
  return String(Number(value.toPrecision(DIGITS)))
}
