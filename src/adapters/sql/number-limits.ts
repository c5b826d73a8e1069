/** `null`: it is no plain number. */
function digitsOf(text: string): { readonly whole: number; readonly fraction: number } | null {
  const [found, whole = '', fraction = ''] = /^-?0*(\d*)(?:\.(\d*))?$/.exec(text) ?? []
  return found === undefined || !/\d/.test(text) ? null : { whole: whole.length, fraction: fraction.length }
}

/** Why a number in plain digits is not exactly a value of `precision` digits with `scale` behind the point. */
export function decimalProblem(text: string, limits: { readonly precision: number; readonly scale: number }) {
  const digits = digitsOf(text)
  if (digits === null) return 'it is no number in plain digits'
  if (digits.fraction > limits.scale) return `it has more than ${limits.scale} digits behind the point`
  return digits.whole > limits.precision - limits.scale ? 'it is out of range' : undefined
}

/** Why a number in plain digits is not exactly an integer from `least` to `greatest`. */
export function integerProblem(text: string, least: bigint, greatest: bigint): string | undefined {
  if (!/^-?\d{1,40}$/.test(text)) return 'it is no whole number'
  const value = BigInt(text)
  return value < least || value > greatest ? 'it is out of range' : undefined
}

/** Why a moment or time of day has more digits of the second than `fraction`. */
export function fractionProblem(text: string, fraction: number): string | undefined {
  const digits = /\.(\d*?)0*$/.exec(text)?.[1] ?? ''
  return digits.length > fraction ? `it has more than ${fraction} digits of the second` : undefined
}

/** Why a text is longer than so many characters. */
export function lengthProblem(text: string, most: number): string | undefined {
  const tooLong = text.length > most && [...text].length > most
  return tooLong ? `it has more than ${most} characters` : undefined
}
