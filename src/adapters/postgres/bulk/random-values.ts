import { randomBytes } from 'node:crypto'

/** What a maker of random values must know of a column, arrays and domains taken off. */
export interface ValueShape {
  /** `pg_type.typname`: `int4`, `varchar`, ... */
  readonly type: string
  /** `pg_attribute.atttypmod`, or the domain's; -1 when the type has no modifier. */
  readonly modifier: number
  /** The labels of an enum; empty for other types. */
  readonly labels: readonly string[]
}

/** Makes `count` values in PostgreSQL's text form. */
type Maker = (count: number, shape: ValueShape) => string[]

interface ValueType {
  readonly make: Maker
  /** Never holds a character that means something in an array literal, so quoting need not be looked for. */
  readonly plain?: true
  /** So many different values that a million rows meet no equal pair by accident. */
  readonly wide?: (shape: ValueShape) => boolean
}

/** How to make values of a type, or `undefined` for one that is not known here. */
export function valueType(shape: ValueShape): ValueType | undefined {
  return shape.labels.length > 0 ? LABELS : TYPES.get(shape.type)
}

/** Rows of a batch do not repeat in a unique column of this shape. */
export function isWide(shape: ValueShape): boolean {
  return valueType(shape)?.wide?.(shape) ?? false
}

const always = (): boolean => true
const int = (below: number): number => Math.floor(Math.random() * below)
const each = (one: (shape: ValueShape) => string): Maker => {
  return (count, shape) => Array.from({ length: count }, () => one(shape))
}

/** Cut from one run of random bytes, as a call per value would cost more than all the rest. */
const hex = (digits: number): Maker => {
  return (count) => {
    const text = randomBytes(Math.ceil((count * digits) / 2)).toString('hex')
    return Array.from({ length: count }, (_, index) => text.slice(index * digits, (index + 1) * digits))
  }
}

const uuid: Maker = (count) => {
  const bytes = randomBytes(count * 16)
  for (let at = 0; at < bytes.length; at += 16) {
    bytes.writeUInt8((bytes.readUInt8(at + 6) & 0x0f) | 0x40, at + 6)
    bytes.writeUInt8((bytes.readUInt8(at + 8) & 0x3f) | 0x80, at + 8)
  }
  const text = bytes.toString('hex')
  return Array.from({ length: count }, (_, index) => text.slice(index * 32, (index + 1) * 32))
}

const int8: Maker = (count) => {
  const bytes = randomBytes(count * 8)
  return Array.from({ length: count }, (_, index) => String(bytes.readBigInt64LE(index * 8)))
}

const TEXT_LENGTH = 32
/** Put behind one text in sixteen: what breaks tools that quote by hand. */
const AWKWARD = [' "q" \\b', " it's", ' {1,2}', ' é漢🙂', ' NULL', '\ta\nb', ' $1;--', ' <&>']

/** `varchar(n)` and `char(n)` carry n + 4 as their modifier. */
const textLength = (shape: ValueShape): number => (shape.modifier > 4 ? shape.modifier - 4 : Number.POSITIVE_INFINITY)

const text: Maker = (count, shape) => {
  const length = Math.min(TEXT_LENGTH, textLength(shape))
  const values = hex(length)(count, shape)
  // Counted in UTF-16 units, which are never fewer than PostgreSQL's characters.
  const tails = AWKWARD.filter((tail) => length + tail.length <= textLength(shape))
  if (tails.length === 0) return values
  for (let index = int(16); index < count; index += 16) values[index] += tails[int(tails.length)] ?? ''
  return values
}
const wideText = (shape: ValueShape): boolean => textLength(shape) >= 16

/** `numeric(p,s)` as digits and an exponent, so that any precision and any scale (also a negative one) is met. */
const numeric = (shape: ValueShape): string => {
  const limited = shape.modifier >= 4
  const packed = shape.modifier - 4
  const precision = limited ? (packed >> 16) & 0xffff : 24
  const scale = limited ? ((packed & 0x7ff) ^ 1024) - 1024 : int(8)
  const digits = 1 + int(Math.min(precision, 30))
  const value = Array.from({ length: digits }, () => int(10)).join('')
  return `${int(2) === 0 ? '-' : ''}${value}e${-scale}`
}
const wideNumeric = (shape: ValueShape): boolean => shape.modifier < 4 || (shape.modifier - 4) >> 16 >= 24

const DAY_MS = 86_400_000
/** 1970 to 2099. */
const moment = (): string => new Date(int(47_450) * DAY_MS + int(DAY_MS)).toISOString()
const micros = (): string => String(int(1_000_000)).padStart(6, '0')
const two = (below: number): string => String(int(below)).padStart(2, '0')
const time = (): string => `${two(24)}:${two(60)}:${two(60)}.${micros()}`
const timestamp = (): string => `${moment().slice(0, 19)}.${micros()}`
const date = (): string => moment().slice(0, 10)

const digits = (): string => Math.random().toString(36).slice(2)
const json = (): string =>
  `{"id":"${digits()}","n":${int(1e9)}12345678901,"ok":${int(2) === 0},"none":null,"tags":["a\\"b","é"]}`

const ipv4 = (): string => `${1 + int(223)}.${int(256)}.${int(256)}`
const inet = (): string =>
  int(8) === 0 ? `2001:db8::${int(65_536).toString(16)}:${int(65_536).toString(16)}` : `${ipv4()}.${int(256)}`
const bits = (length: number): string => Array.from({ length }, () => int(2)).join('')
const point = (): string => `(${int(1e6) / 8},${int(1e6) / 8})`

const range = (bound: () => string): Maker =>
  each(() => {
    const [from, to] = [bound(), bound()].sort()
    return `[${from},${to}]`
  })
/** Equally many digits, so that the order of the text is the order of the numbers. */
const integerBound = (): string => String(100_000_000 + int(900_000_000))
const RANGES = [
  ['int4', integerBound],
  ['int8', integerBound],
  ['num', integerBound],
  ['date', date],
  ['ts', timestamp],
  ['tstz', (): string => `${timestamp()}Z`],
] as const

const LABELS: ValueType = { make: each(({ labels }) => labels[int(labels.length)] ?? '') }

const plain = (make: Maker, wide?: ValueType['wide']): ValueType => ({ make, plain: true, ...(wide ? { wide } : {}) })
const quoted = (make: Maker, wide?: ValueType['wide']): ValueType => ({ make, ...(wide ? { wide } : {}) })

const TYPES: ReadonlyMap<string, ValueType> = new Map<string, ValueType>([
  ['uuid', plain(uuid, always)],
  ['text', quoted(text, wideText)],
  ['varchar', quoted(text, wideText)],
  ['bpchar', quoted(text, wideText)],
  ['citext', quoted(text, wideText)],
  ['name', plain(hex(TEXT_LENGTH), always)],
  ['char', plain(each(() => String.fromCharCode(65 + int(26))))],
  ['bool', plain(each(() => (int(2) === 0 ? 't' : 'f')))],
  ['int2', plain(each(() => String(int(65_536) - 32_768)))],
  ['int4', plain(each(() => String(int(2 ** 32) - 2 ** 31)))],
  ['int8', plain(int8, always)],
  ['oid', plain(each(() => String(int(2 ** 32))))],
  ['xid', plain(each(() => String(int(2 ** 32))))],
  ['xid8', plain(each(() => String(int(2 ** 40))))],
  ['numeric', plain(each(numeric), wideNumeric)],
  ['money', plain(each(() => `${int(1e9)}.${two(100)}`))],
  ['float4', plain(each(() => String(Math.fround((Math.random() - 0.5) * 1e6))))],
  [
    'float8',
    plain(
      each(() => String((Math.random() - 0.5) * 1e12)),
      always,
    ),
  ],
  ['bytea', quoted((count, shape) => hex(TEXT_LENGTH)(count, shape).map((value) => `\\x${value}`), always)],
  ['date', plain(each(date))],
  ['time', plain(each(time))],
  ['timetz', plain(each(() => `${time()}+0${int(10)}:30`))],
  ['timestamp', plain(each(timestamp))],
  ['timestamptz', plain(each(() => `${timestamp()}Z`))],
  ['interval', plain(each(() => `P${int(9)}Y${int(12)}M${int(31)}DT${int(24)}H${int(60)}M${int(60)}.${micros()}S`))],
  ['json', quoted(each(json))],
  ['jsonb', quoted(each(json))],
  ['xml', quoted(each(() => `<v at="${digits()}"/>`))],
  ['inet', plain(each(inet))],
  ['cidr', plain(each(() => `${ipv4()}.0/24`))],
  ['macaddr', plain(hex(12))],
  ['macaddr8', plain(hex(16), always)],
  ['bit', plain(each(({ modifier }) => bits(Math.max(1, modifier))))],
  ['varbit', plain(each(({ modifier }) => bits(1 + int(modifier < 0 ? 64 : modifier))))],
  ['pg_lsn', plain(each(() => `${int(2 ** 16).toString(16)}/${int(2 ** 32).toString(16)}`))],
  ['point', quoted(each(point))],
  ['line', quoted(each(() => `{${1 + int(99)},${int(99)},${int(99)}}`))],
  ['lseg', quoted(each(() => `[${point()},${point()}]`))],
  ['box', quoted(each(() => `${point()},${point()}`))],
  ['path', quoted(each(() => `(${point()},${point()},${point()})`))],
  ['polygon', quoted(each(() => `(${point()},${point()},${point()})`))],
  ['circle', quoted(each(() => `<${point()},${int(99)}>`))],
  ['tsvector', quoted(each(() => `w${digits()} w${digits()}`))],
  ['tsquery', quoted(each(() => `w${digits()} & w${digits()}`))],
  ...RANGES.flatMap(([name, bound]): [string, ValueType][] => {
    const one = range(bound)
    const several: Maker = (count, shape) => one(count, shape).map((value) => `{${value}}`)
    return [
      [`${name}range`, quoted(one)],
      [`${name}multirange`, quoted(several)],
    ]
  }),
])
