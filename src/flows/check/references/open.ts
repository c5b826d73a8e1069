import type { Database, GroupsRequest } from '../../../core/database.js'
import { ConfigError } from '../../../core/errors.js'
import type { GroupColumn, GroupReader } from '../../../core/groups.js'
import { canonicalKey } from './key-order.js'
import type { Opened, Place } from './opened.js'
import type { ReferencesSettings } from './options.js'
import { Rule } from './rule.js'

/** Reads the catalogs of all databases; a `ConfigError` names the flow's option that cannot be as it is. */
export async function openReferences(settings: ReferencesSettings, flow: string, signal: AbortSignal): Promise<Opened> {
  const { requests, databases } = settings
  const byDatabase = databases.map((database) => requests.filter(({ table }) => table.database === database))
  const readers = await Promise.all(
    byDatabase.map((some, index) => readerOf(databases[index], { some, key: `flows.${flow}` }, signal)),
  )
  const places = requests.map((request): Place => {
    const reader = databases.indexOf(request.table.database)
    const column = byDatabase[reader]?.indexOf(request) ?? -1
    const info = readers[reader]?.columns[column]
    if (info === undefined) throw new RangeError('a database gave fewer columns than asked for')
    return { reader, column, info }
  })
  const [master, ...references] = places
  if (master === undefined) throw new RangeError('a check of references without a master')
  for (const [index, { info }] of references.entries()) {
    assertSame(master.info, info, `flows.${flow}.references[${index}]`)
  }
  const rule = new Rule(settings.of.kind, master.info.value)
  return { readers, master, references, rule, none: noneOf(settings, master.info, flow) }
}

async function readerOf(
  database: Database | undefined,
  { some, key }: { readonly some: readonly GroupsRequest[]; readonly key: string },
  signal: AbortSignal,
): Promise<GroupReader> {
  if (database?.groups !== undefined) return inFlow(key, () => database.groups?.(some, signal))
  throw new ConfigError({
    code: 'database-not-countable',
    key,
    message: `references cannot be counted in ${database?.label ?? 'this database'}`,
    fix: 'use databases of PostgreSQL, MySQL, MariaDB or SQLite',
  })
}

/** What an adapter finds wrong names the table; here the flow comes before it. */
async function inFlow(flow: string, work: () => Promise<GroupReader> | undefined): Promise<GroupReader> {
  try {
    const reader = await work()
    if (reader === undefined) throw new RangeError('a database lost its groups()')
    return reader
  } catch (error) {
    if (!(error instanceof ConfigError) || error.key.startsWith('flows.')) throw error
    const { code, problem, fix, key, cause } = error
    throw new ConfigError({ code, key: `${flow} ${key}`, message: problem, fix, cause })
  }
}

function assertSame(master: GroupColumn, reference: GroupColumn, key: string): void {
  if (master.order !== reference.order) {
    throw new ConfigError({
      code: 'key-type-mismatch',
      key,
      message: `${reference.label} holds ${NAMES[reference.order]}, and the key of ${master.label} is ${NAMES[master.order]}`,
      fix: 'give both columns one type: keys of different types have no common order, and texts may write one key in several ways',
    })
  }
  if (master.value === reference.value) return
  throw new ConfigError({
    code: 'value-type-mismatch',
    key,
    message: `what is taken of ${reference.label} is a ${reference.value}, and ${master.label} stores a ${master.value}`,
    fix: 'name columns of one kind in `of` and in the master: numbers, or dates and times',
  })
}

const NAMES = { number: 'a number', uuid: 'a UUID', bytes: 'binary', text: 'a text' } as const

function noneOf({ none }: ReferencesSettings, master: GroupColumn, flow: string): ReadonlySet<string> {
  const keys = none.filter((key) => key !== null).map((key) => canonicalKey(key, master.order))
  if (keys.every((key) => key !== undefined)) return new Set(keys)
  throw new ConfigError({
    code: 'option-invalid',
    key: `flows.${flow}.none`,
    message: `a value of it cannot be a key of ${master.label}, which is ${NAMES[master.order]}`,
    fix: 'name keys as the columns hold them; binary ones in hexadecimal digits',
  })
}
