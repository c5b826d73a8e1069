import type { CachedVersion } from '../../core/cache.js'

/** A version with its type: `1` is not `'1'`. */
export function encodeVersion(version: CachedVersion): string {
  if (typeof version === 'string') return `s${version}`
  return typeof version === 'bigint' ? `i${version}` : `n${version}`
}

/** `undefined` for what is no version: something else wrote under this key. */
export function decodeVersion(text: unknown): CachedVersion | undefined {
  if (typeof text !== 'string') return undefined
  const value = text.slice(1)
  if (text.startsWith('s')) return value
  if (text.startsWith('i')) return /^-?\d+$/.test(value) ? BigInt(value) : undefined
  const number = text.startsWith('n') && value !== '' ? Number(value) : Number.NaN
  return Number.isNaN(number) ? undefined : number
}
