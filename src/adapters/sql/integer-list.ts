const COMMA = 44
const MINUS = 45
const ZERO = 48
/** So many decimal digits a double holds exactly. */
const DIGITS = 15

/**
 * The `count` numbers of `12,-3,0`, from the place `at` of the text up to `end`. One pass, without a text for each.
 * `undefined` when one of them is no integer of at most 15 digits.
 */
export function parseIntegerList(
  text: string,
  { at = 0, end = text.length, count }: { readonly at?: number; readonly end?: number; readonly count: number },
): Float64Array | undefined {
  const numbers = new Float64Array(count)
  let place = at
  for (let index = 0; index < count; index++) {
    const negative = text.charCodeAt(place) === MINUS
    if (negative) place += 1
    const start = place
    let value = 0
    for (; place < end; place++) {
      const code = text.charCodeAt(place)
      if (code === COMMA) break
      const digit = code - ZERO
      if (digit < 0 || digit > 9) return undefined
      value = value * 10 + digit
    }
    const digits = place - start
    if (digits === 0 || digits > DIGITS) return undefined
    numbers[index] = negative ? 0 - value : value
    place += 1
  }
  return place === end + 1 || (count === 0 && place === end) ? numbers : undefined
}

/** The same of texts that are already apart; they themselves when one is no such integer. */
export function asIntegers<Text extends string | null>(texts: readonly Text[]): Float64Array | readonly Text[] {
  const numbers = new Float64Array(texts.length)
  for (const [index, text] of texts.entries()) {
    if (text === null || text.length > DIGITS || !/^-?\d+$/.test(text)) return texts
    numbers[index] = Number(text)
  }
  return numbers
}
