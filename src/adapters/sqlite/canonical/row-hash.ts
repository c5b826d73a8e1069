import { hash } from 'node:crypto'
import { type Form, INLINE_BYTES } from '../../../core/canonical.js'
import type { Row } from '../../../core/table.js'

/** The hash of a row and the first 24 bits of its key's, as core/canonical.ts says: SQLite has no md5 of its own. */
export function rowHash(row: Row, forms: readonly Form[]): bigint {
  const digest = hash('md5', row.map((value, at) => piece(value, forms[at])).join(''), 'buffer')
  return digest.readBigInt64BE(0)
}

export function keyBits(key: Row, forms: readonly Form[]): number {
  return hash('md5', key.map((value, at) => piece(value, forms[at])).join(''), 'buffer').readUIntBE(0, 3)
}

function piece(value: string | null, form: Form | undefined): string {
  if (value === null) return '-'
  const isBytes = form?.kind === 'bytes'
  const length = isBytes ? value.length / 2 : Buffer.byteLength(value)
  const isLong = isBytes || form?.kind === 'text' || form?.kind === 'own'
  if (!isLong || length <= INLINE_BYTES) return `${length}:${value}`
  return `${length}#${hash('md5', isBytes ? Buffer.from(value, 'hex') : value)}`
}
