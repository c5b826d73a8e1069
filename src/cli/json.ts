/** JSON as the command line prints it: BigInt as text (JavaScript would lose digits), undefined left out. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner))
}
