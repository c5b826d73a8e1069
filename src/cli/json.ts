/** JSON as the command line prints it: BigInt as text (JavaScript would lose digits), undefined left out. */
export function toJson(value: unknown): string {
  const json = JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner))
  return json.replace(UNSEEN, (unseen) => unseen.split('').map(escaped).join(''))
}

/** What may drive a terminal or hide text, and is not escaped by JSON itself. It only occurs within strings. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
