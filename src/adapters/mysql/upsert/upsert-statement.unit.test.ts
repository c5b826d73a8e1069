import { describe, expect, it } from 'vitest'
import type { MysqlTableInfo } from '../catalog/catalog.js'
import type { MysqlColumn } from '../catalog/catalog-queries.js'
import { rowAlias } from '../session/row-alias.js'
import { upsertColumns } from './upsert-column.js'
import { upsertStatement } from './upsert-statement.js'

const column = (name: string, nullable = true): MysqlColumn => ({
  name,
  type: 'int',
  dataType: 'int',
  nullable,
  hasDefault: nullable,
  generated: false,
  autoIncrement: false,
  onUpdate: false,
  collation: undefined,
  scale: 0,
})

const [id, version, a] = [column('id', false), column('version'), column('a')]

const info = (newest: MysqlColumn | undefined): MysqlTableInfo => ({
  name: 'app.t',
  source: '',
  identity: 'indexed',
  qualified: '`app`.`t`',
  columns: [id, version, a],
  ignored: new Set(),
  target: undefined,
  required: [],
  key: [id],
  version: newest,
  counter: undefined,
  parents: [],
})

function tail(newest: MysqlColumn | undefined, carried: readonly string[], alias = false): string {
  const all = upsertColumns(info(newest), undefined, { quote: JSON.stringify, invalidText: 'reject' })
  const columns = all.filter(({ property }) => carried.includes(property))
  return upsertStatement(info(newest), { columns, carried: new Set(carried) }, rowAlias({ rowAlias: alias })).tail
}

describe('what an upsert does with a row that is there', () => {
  it('is to write what the new one carries', () => {
    expect(tail(undefined, ['id', 'a'])).toBe(' on duplicate key update `app`.`t`.`a` = values(`a`)')
    expect(tail(undefined, ['id', 'a'], true)).toBe(
      ' as lockstep_new on duplicate key update `app`.`t`.`a` = lockstep_new.`a`',
    )
  })

  it('is to write it if it is newer, the version last, as all others ask for it', () => {
    const text = tail({ ...version, nullable: false }, ['id', 'version', 'a'])
    const newer = 'values(`version`) > `app`.`t`.`version`'
    expect(text).toBe(
      ` on duplicate key update \`app\`.\`t\`.\`a\` = if(${newer}, values(\`a\`), \`app\`.\`t\`.\`a\`), \`app\`.\`t\`.\`version\` = if(${newer}, values(\`version\`), \`app\`.\`t\`.\`version\`)`,
    )
  })

  it('is nothing when the new one carries no version, or only its key', () => {
    const nothing = ' on duplicate key update `app`.`t`.`id` = `app`.`t`.`id`'
    expect(tail(version, ['id', 'a'])).toBe(nothing)
    expect(tail(version, ['id'])).toBe(nothing)
    expect(tail(undefined, ['id'])).toBe(nothing)
  })
})
