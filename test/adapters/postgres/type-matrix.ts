/** A column type, what must be there first, and values as SQL expressions. Each travels with NULLs between them. */
export interface TypeCase {
  readonly type: string
  readonly values: readonly string[]
  /** Extension or feature the server may have been built without. */
  readonly needs?: 'hstore' | 'citext' | 'xml'
}

/** Types of their own that the cases use. */
export const TYPE_SETUP = `
  create schema "odd schema";
  create type mood as enum ('sad', 'ok', 'very "happy", {really}', 'NULL', '');
  create type "odd schema"."Odd ""enum""" as enum ('a', 'b c');
  create domain short as varchar(5) check (value <> 'never');
  create domain small_numbers as int[];
  create domain shorter as short check (length(value) < 4);
  create type pair as (left_part int, "right ""part""" text);
  create type float_range as range (subtype = float8)`

const TEXTS = [
  `'plain'`,
  `''`,
  `' '`,
  `'NULL'`,
  `'null'`,
  `'{}'`,
  `'{a,b}'`,
  `'[0:1]={a,b}'`,
  `'it''s "quoted" \\ back\\\\slash'`,
  `E'line\\nbreak\\ttab\\r'`,
  `'a,b;c'`,
  `'Ωé漢字🐘'`,
  `'$1 ; -- %'`,
  `repeat('long ', 2000)`,
]

export const TYPE_CASES: readonly TypeCase[] = [
  { type: 'boolean', values: ['true', 'false'] },
  { type: 'smallint', values: ['-32768', '32767'] },
  { type: 'integer', values: ['-2147483648', '2147483647'] },
  { type: 'bigint', values: ['-9223372036854775808', '9223372036854775807', '9007199254740993'] },
  {
    type: 'numeric',
    values: [`'NaN'`, `'Infinity'`, `'-Infinity'`, '1.00', '1.0', '-0.000', `repeat('9', 1000)::numeric`, '1e-200'],
  },
  { type: 'numeric(20,4)', values: ['1234567890123456.7891', '0', `'NaN'`] },
  { type: 'real', values: [`'NaN'`, `'-0'`, `'Infinity'`, `'1e-45'`, '0.1', '3.4028235e38'] },
  { type: 'double precision', values: [`'NaN'`, `'-0'`, `'-Infinity'`, `'5e-324'`, '0.1', '1.7976931348623157e308'] },
  { type: 'text', values: TEXTS },
  { type: 'character varying', values: TEXTS },
  { type: 'character varying(5)', values: [`'12345'`, `'a  '`, `''`] },
  { type: 'character(5)', values: [`'abc'`, `''`, `'a"b\\'`] },
  { type: 'character(1)', values: [`'x'`, `''`] },
  { type: 'bpchar', values: [`'ab  '`, `''`] },
  { type: '"char"', values: [`'x'`, `''`, `'"'`] },
  { type: 'name', values: [`'name'`, `'NULL'`] },
  { type: 'uuid', values: [`'00000000-0000-0000-0000-000000000000'`, `'FFFFFFFF-ffff-ffff-ffff-ffffffffffff'`] },
  { type: 'bytea', values: [`'\\x'`, `'\\x00ff5c22'`, `decode(repeat('00ff', 5000), 'hex')`] },
  { type: 'date', values: [`'infinity'`, `'-infinity'`, `'0044-03-15 BC'`, `'2024-02-29'`, `'9999-12-31'`] },
  {
    type: 'timestamp with time zone',
    values: [
      `'infinity'`,
      `'-infinity'`,
      `'0044-03-15 12:00:00.000001+00 BC'`,
      `'2024-03-31 02:30:00.123456+02'`,
      `'294276-12-31'`,
    ],
  },
  { type: 'timestamp(6) with time zone', values: [`'2024-03-31 02:30:00.123456+02'`] },
  { type: 'timestamp(3) without time zone', values: [`'2024-03-31 02:30:00.123'`] },
  { type: 'timestamp without time zone', values: [`'infinity'`, `'0001-01-01 BC'`, `'2024-03-31 02:30:00.000001'`] },
  { type: 'time without time zone', values: [`'24:00:00'`, `'00:00:00.000001'`] },
  { type: 'time with time zone', values: [`'23:59:59.999999+15:59'`, `'00:00-12'`] },
  { type: 'interval', values: [`'1 mon'`, `'30 days'`, `'-1 year 2 mons -3 days 04:05:06.789'`, `'720:00'`] },
  { type: 'interval day to second(3)', values: [`'1 day 00:00:01.234'`] },
  { type: 'json', values: [`'{"b" : 1,\n "a":[1.0, 1e2 ],"a":null}'`, `'"\\u00e9 \\" \\\\ {"'`, `'null'`] },
  { type: 'jsonb', values: [`'{"b": 1, "a": [1.0, 12345678901234567890.123]}'`, `'"NULL"'`, `'null'`] },
  { type: 'inet', values: [`'10.0.0.1'`, `'10.0.0.1/8'`, `'::1/128'`] },
  { type: 'cidr', values: [`'10.0.0.0/8'`, `'::/0'`] },
  { type: 'macaddr', values: [`'08:00:2b:01:02:03'`] },
  { type: 'macaddr8', values: [`'08:00:2b:01:02:03:04:05'`] },
  { type: 'bit(3)', values: [`B'101'`] },
  { type: 'bit(1)', values: [`B'1'`] },
  { type: 'bit varying', values: [`B''`, `B'10101010101'`] },
  { type: 'mood', values: [`'ok'`, `'very "happy", {really}'`, `'NULL'`, `''`] },
  { type: '"odd schema"."Odd ""enum"""', values: [`'b c'`] },
  { type: 'mood[]', values: [`array['ok', null, 'NULL']::mood[]`] },
  { type: 'short', values: [`'12345'`, `''`, `'a\\"'`] },
  { type: 'shorter', values: [`'123'`] },
  { type: 'small_numbers', values: [`'{1,NULL}'`, `'{}'`] },
  { type: 'pair', values: [`row(1, 'a,b(")\\ ''')`, `row(null, '')`, `row(null, null)`] },
  { type: 'pair[]', values: [`array[row(1, '{"')::pair, null]`] },
  { type: 'integer[]', values: [`'{1,NULL,-2147483648}'`, `'{}'`, `'[0:1]={1,2}'`, `'{{1,2},{3,4}}'`] },
  {
    type: 'text[]',
    values: [`array[['', 'NULL'], [null, '"\\{},'], [' ', 'é🐘']]`, `'{}'`, `'[-1:0][2:2]={{a},{b}}'`],
  },
  { type: 'character varying(3)[]', values: [`'{abc,""}'`] },
  { type: 'numeric(6,2)[]', values: [`'{1.50,NaN}'`] },
  { type: 'jsonb[]', values: [`array['{"a": "\\"b"}', null]::jsonb[]`] },
  { type: 'int4range', values: [`'[1,10)'`, `'empty'`, `'(,)'`] },
  { type: 'tstzrange', values: [`'["2024-01-01 00:00:00.000001+00",infinity)'`] },
  { type: 'float_range', values: [`'[-0,NaN]'`] },
  { type: 'int4multirange', values: [`'{[1,3),[7,9)}'`, `'{}'`] },
  { type: 'point', values: [`'(1.5,-0)'`, `'(NaN,Infinity)'`] },
  { type: 'box', values: [`'((1,2),(3,4))'`] },
  { type: 'box[]', values: [`'{(1,2),(3,4);(5,6),(7,8)}'`] },
  { type: 'polygon', values: [`'((0,0),(0,1),(1,1))'`] },
  { type: 'circle', values: [`'<(1,2),3>'`] },
  { type: 'tsvector', values: [`to_tsvector('simple', 'it''s a "fat" cat')`] },
  { type: 'tsquery', values: [`'fat & (rat | cat:*)'::tsquery`] },
  { type: 'money', values: [`'-92233720368547758.08'`, `'1234.50'`] },
  { type: 'oid', values: ['4294967295'] },
  { type: 'pg_lsn', values: [`'16/B374D848'`] },
  { type: 'xid8', values: [`'18446744073709551615'`] },
  { type: 'jsonpath', values: [`'$.a[*] ? (@ > 1)'`] },
  { type: 'xml', needs: 'xml', values: [`'<a b="c">&lt;"</a>'`, `'text <b/>'`, `''`] },
  { type: 'hstore', needs: 'hstore', values: [`'"a b"=>"c\\"d", e=>NULL'`, `''`] },
  { type: 'citext', needs: 'citext', values: [`'Straße'`, `'NULL'`] },
]
