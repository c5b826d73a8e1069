import type { Form } from '../../../core/canonical.js'

/** A value as its form's text; what does not fit the form is given as it is, and so equals nothing of that form. */
export function formedValue(value: unknown, form: Form): string | null {
  if (value === null || value === undefined) return null
  if (value instanceof ArrayBuffer) return bytesText(Buffer.from(value), form)
  if (form.kind === 'bytes') return Buffer.from(String(value)).toString('hex')
  switch (form.kind) {
    case 'number':
      return numberText(value)
    case 'float':
      return typeof value === 'string' ? value : floatText(Number(value))
    case 'uuid':
      return String(value).toLowerCase()
    case 'moment':
      return momentText(String(value), form.fraction)
    case 'time':
      return cut(String(value), form.fraction)
    case 'text':
      return form.padded ? String(value).replace(/ +$/, '') : String(value)
    default:
      return String(value)
  }
}

function bytesText(bytes: Buffer, { kind }: Form): string {
  const hex = bytes.toString('hex')
  if (kind === 'bytes') return hex
  // As an SQL literal, which no other database prints.
  if (kind !== 'uuid') return `x'${hex}'`
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

const DECIMAL = /^([+-]?)0*(\d*)(?:\.(\d*?)0*)?(?:e([+-]?\d{1,3}))?$/i

function numberText(value: unknown): string {
  if (typeof value === 'bigint') return String(value)
  const text = String(value)
  const [found, sign, whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? []
  if (found === undefined || !/\d/.test(text)) return text
  return plain(sign === '-', whole + fraction, whole.length + Number(exponent))
}

/** 0.DIGITS times ten to the `point`, without an exponent. */
function plain(negative: boolean, digits: string, point: number): string {
  const padded =
    point > digits.length ? digits.padEnd(point, '0') : digits.padStart(digits.length - Math.min(point, 0), '0')
  const at = Math.max(point, 0)
  const whole = padded.slice(0, at).replace(/^0+/, '')
  const fraction = padded.slice(at).replace(/0+$/, '')
  const number = fraction === '' ? whole : `${whole === '' ? '0' : whole}.${fraction}`
  if (number === '') return '0'
  return negative ? `-${number}` : number
}

/** See core/canonical.ts. From 2^53 on the whole number, as the databases do not agree on its shortest digits. */
function floatText(value: number): string {
  if (value === 0) return '0'
  if (!Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  const text = size >= 2 ** 53 && size < 2 ** 63 ? String(BigInt(size)) : String(size)
  const [mantissa = '', exponent = '0'] = text.split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const digits = whole + fraction
  const kept = digits.replace(/0+$/, '')
  const power = Number(exponent) - fraction.length + digits.length - kept.length
  return `${value < 0 ? '-' : ''}${kept.replace(/^0+/, '')}e${power}`
}

const MOMENT = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?$/i

/** ISO 8601, as programs write it into SQLite; without a zone it is taken for UTC. */
function momentText(text: string, fraction: number): string {
  const [found, date = '', clock = '', seconds = ':00', digits, zone] = MOMENT.exec(text) ?? []
  if (found === undefined) return text
  const local = `${date} ${clock}${seconds}`
  const utc = zone === undefined || /^z$/i.test(zone) ? local : shifted(local, zone)
  return digits === undefined ? utc : cut(`${utc}.${digits}`, fraction)
}

function shifted(local: string, zone: string): string {
  const moment = new Date(`${local.replace(' ', 'T')}${zone.replace(/^(...):?/, '$1:')}`)
  return Number.isNaN(moment.getTime()) ? local : moment.toISOString().slice(0, 19).replace('T', ' ')
}

function cut(text: string, fraction: number): string {
  const point = text.indexOf('.')
  return point === -1 ? text : text.slice(0, point + 1 + fraction).replace(/\.?0*$/, '')
}
