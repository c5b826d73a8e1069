const DECIMAL = /^-?\d+(?:\.\d+)?$/

/** Exact arithmetic on decimal digits as databases print them: `12`, `-0.50`. */
export function addDecimals(left: string, right: string): string {
  const scale = Math.max(scaleOf(left), scaleOf(right))
  return printed(scaled(left, scale) + scaled(right, scale), scale)
}

/** Negative, 0 or positive, as for `sort`; by value: `1.50` is `1.5`. */
export function compareDecimals(left: string, right: string): number {
  if (left === right) return 0
  const scale = Math.max(scaleOf(left), scaleOf(right))
  const one = scaled(left, scale)
  const other = scaled(right, scale)
  return one < other ? -1 : one > other ? 1 : 0
}

export function isDecimal(text: string): boolean {
  return DECIMAL.test(text)
}

/** Without a sign at 0, leading zeros, or zeros at the end of a fraction. */
export function plainDecimal(text: string): string {
  const scale = scaleOf(text)
  return printed(scaled(text, scale), scale)
}

function scaleOf(text: string): number {
  const point = text.indexOf('.')
  return point === -1 ? 0 : text.length - point - 1
}

function scaled(text: string, scale: number): bigint {
  if (!DECIMAL.test(text)) throw new RangeError('a number of the database is no decimal number')
  const missing = scale - scaleOf(text)
  return BigInt(text.replace('.', '') + '0'.repeat(missing))
}

function printed(value: bigint, scale: number): string {
  if (scale === 0) return String(value)
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
  const fraction = digits.slice(-scale).replace(/0+$/, '')
  const whole = digits.slice(0, -scale)
  return `${value < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`
}
