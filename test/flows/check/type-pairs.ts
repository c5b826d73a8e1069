import type { RandomValues } from './values.js'

/** Types of two engines that can hold the same values, and such values. Of a type of bytes they are hexadecimal. */
export interface TypePair {
  readonly left: string
  readonly right: string
  make(random: RandomValues): string
  /** The value as that side is given it, when that is another text. */
  onRight?(text: string): string
  onLeft?(text: string): string
}

const I8 = [-(2n ** 7n), 2n ** 7n - 1n] as const
const I16 = [-(2n ** 15n), 2n ** 15n - 1n] as const
const I24 = [-(2n ** 23n), 2n ** 23n - 1n] as const
const I32 = [-(2n ** 31n), 2n ** 31n - 1n] as const
const I64 = [-(2n ** 63n), 2n ** 63n - 1n] as const
const U32 = [0n, 2n ** 32n - 1n] as const
const U64 = [0n, 2n ** 64n - 1n] as const

const integer =
  ([least, greatest]: readonly [bigint, bigint]) =>
  (random: RandomValues): string =>
    random.integer(least, greatest)

const atMost12 = (text: string): string => [...text].slice(0, 12).join('')
const noSpaces = (text: string): string => text.replace(/ +$/, '')
const withoutHyphens = (uuid: string): string => uuid.replaceAll('-', '')

export const POSTGRES_MARIADB: readonly TypePair[] = [
  { left: 'smallint', right: 'tinyint', make: integer(I8) },
  { left: 'smallint', right: 'smallint', make: integer(I16) },
  { left: 'integer', right: 'mediumint', make: integer(I24) },
  { left: 'integer', right: 'int', make: integer(I32) },
  { left: 'integer', right: 'bigint', make: integer(I32) },
  { left: 'bigint', right: 'int unsigned', make: integer(U32) },
  { left: 'bigint', right: 'int(12) unsigned zerofill', make: integer(U32) },
  { left: 'bigint', right: 'bigint', make: integer(I64) },
  { left: 'numeric(20,0)', right: 'bigint unsigned', make: integer(U64) },
  { left: 'numeric', right: 'bigint unsigned', make: integer(U64) },
  { left: 'boolean', right: 'tinyint(1)', make: (random) => random.bits(1) },
  { left: 'boolean', right: 'bit(1)', make: (random) => random.bits(1) },
  { left: 'integer', right: 'year', make: integer([1901n, 2155n]) },
  { left: 'bit(9)', right: 'bit(9)', make: (random) => random.bits(9) },
  { left: 'numeric(12,4)', right: 'decimal(12,4)', make: (random) => random.decimal(8, 4) },
  { left: 'numeric', right: 'decimal(38,10)', make: (random) => random.decimal(28, 10) },
  { left: 'numeric(12,2)', right: 'decimal(20,6)', make: (random) => random.decimal(10, 2) },
  { left: 'integer', right: 'decimal(14,3)', make: integer(I32) },
  { left: 'double precision', right: 'double', make: (random) => random.double() },
  { left: 'real', right: 'float', make: (random) => random.single() },
  { left: 'text', right: 'longtext', make: (random) => random.text(40) },
  { left: 'text', right: 'varchar(80) collate utf8mb4_general_ci', make: (random) => random.text(20) },
  { left: 'varchar(80)', right: 'varchar(80) charset utf8mb4 collate utf8mb4_bin', make: (random) => random.text(20) },
  { left: 'text', right: 'varchar(80) charset latin1', make: (random) => random.text(20).replace(/[☃𝄞]/gu, 'é') },
  { left: 'text', right: 'mediumtext', make: (random) => random.text(4).repeat(random.below(600)) },
  { left: 'char(12)', right: 'char(12)', make: (random) => atMost12(random.text(4)) },
  { left: 'varchar(20)', right: 'char(12)', make: (random) => noSpaces(atMost12(random.text(4))) },
  { left: 'json', right: 'json', make: (random) => JSON.stringify({ b: random.double(), a: [random.text(9), null] }) },
  { left: 'text', right: "enum('new','paid','ü')", make: (random) => random.pick(['new', 'paid', 'ü']) },
  { left: 'uuid', right: 'char(36)', make: (random) => random.uuid() },
  { left: 'uuid', right: 'varchar(36)', make: (random) => random.uuid(), onRight: (text) => text.toUpperCase() },
  { left: 'uuid', right: 'uuid', make: (random) => random.uuid() },
  { left: 'uuid', right: 'binary(16)', make: (random) => random.uuid(), onRight: withoutHyphens },
  { left: 'text', right: 'binary(16)', make: (random) => random.uuid(), onRight: withoutHyphens },
  { left: 'bytea', right: 'varbinary(255)', make: (random) => random.hex(random.below(100)) },
  { left: 'bytea', right: 'longblob', make: (random) => random.hex(random.below(1_200)) },
  { left: 'date', right: 'date', make: (random) => random.day() },
  { left: 'timestamptz', right: 'datetime(6)', make: (random) => random.moment(6) },
  { left: 'timestamp', right: 'datetime(6)', make: (random) => random.moment(6) },
  { left: 'timestamptz', right: 'timestamp(6)', make: (random) => random.recent(6) },
  { left: 'timestamptz', right: 'datetime(3)', make: (random) => random.moment(6) },
  { left: 'timestamptz', right: 'datetime', make: (random) => random.moment(6) },
  { left: 'timestamp(0)', right: 'datetime(6)', make: (random) => random.moment(0) },
  { left: 'timestamp(3)', right: 'datetime(6)', make: (random) => random.moment(3) },
  { left: 'time', right: 'time(6)', make: (random) => random.time(6) },
  { left: 'time', right: 'time', make: (random) => random.time(6) },
  { left: 'time(3)', right: 'time(6)', make: (random) => random.time(3) },
]

/** SQLite keeps in text what it has no type for. */
export const POSTGRES_SQLITE: readonly TypePair[] = [
  { left: 'bigint', right: 'integer', make: integer(I64) },
  { left: 'boolean', right: 'boolean', make: (random) => random.bits(1) },
  { left: 'numeric(20,0)', right: 'text', make: integer(U64) },
  { left: 'numeric', right: 'text', make: (random) => random.decimal(28, 10) },
  { left: 'numeric(15,4)', right: 'numeric', make: (random) => random.decimal(10, 4) },
  { left: 'double precision', right: 'real', make: (random) => random.double() },
  { left: 'text', right: 'text', make: (random) => random.text(40) },
  { left: 'char(12)', right: 'char(12)', make: (random) => atMost12(random.text(4)) },
  { left: 'text', right: 'text', make: (random) => random.text(4).repeat(random.below(600)) },
  { left: 'json', right: 'text', make: (random) => JSON.stringify({ b: random.double(), a: [random.text(9), null] }) },
  { left: 'uuid', right: 'text', make: (random) => random.uuid(), onRight: (text) => text.toUpperCase() },
  { left: 'uuid', right: 'blob', make: (random) => random.uuid(), onRight: withoutHyphens },
  { left: 'bytea', right: 'blob', make: (random) => random.hex(random.below(1_200)) },
  { left: 'date', right: 'text', make: (random) => random.day() },
  { left: 'time', right: 'text', make: (random) => random.time(6) },
  { left: 'timestamptz', right: 'datetime', make: (random) => random.moment(6) },
  {
    left: 'timestamptz',
    right: 'text',
    make: (random) => random.moment(3),
    onRight: (text) => `${text.replace(' ', 'T')}Z`,
  },
  { left: 'bit(9)', right: 'text', make: (random) => random.bits(9) },
]

export const MARIADB_SQLITE: readonly TypePair[] = [
  { left: 'bigint', right: 'integer', make: integer(I64) },
  { left: 'bigint unsigned', right: 'text', make: integer(U64) },
  { left: 'decimal(38,10)', right: 'text', make: (random) => random.decimal(28, 10) },
  { left: 'double', right: 'double', make: (random) => random.double() },
  { left: 'varchar(200)', right: 'varchar(200)', make: (random) => random.text(40) },
  { left: 'binary(16)', right: 'text', make: (random) => random.uuid(), onLeft: withoutHyphens },
  { left: 'longblob', right: 'blob', make: (random) => random.hex(random.below(1_200)) },
  { left: 'datetime(6)', right: 'text', make: (random) => random.moment(6) },
  { left: 'datetime', right: 'text', make: (random) => random.moment(0) },
  { left: 'time(3)', right: 'time', make: (random) => random.time(3) },
  { left: 'date', right: 'date', make: (random) => random.day() },
]

/** Both sides of one engine, but not of one type. */
export const MARIADB_MARIADB: readonly TypePair[] = [
  { left: 'int', right: 'bigint unsigned', make: integer([0n, 2n ** 31n - 1n]) },
  { left: 'decimal(20,6)', right: 'decimal(12,2)', make: (random) => random.decimal(10, 2) },
  { left: 'float', right: 'float', make: (random) => random.single() },
  { left: 'char(40)', right: 'text', make: (random) => noSpaces(random.text(10)) },
  { left: 'char(36)', right: 'binary(16)', make: (random) => random.uuid(), onRight: withoutHyphens },
  { left: 'datetime(6)', right: 'timestamp(3)', make: (random) => random.recent(3) },
  { left: "set('a','b','c')", right: 'varchar(9)', make: (random) => random.pick(['', 'a', 'b,c', 'a,b,c']) },
]
