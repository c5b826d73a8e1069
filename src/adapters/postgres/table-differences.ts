import type { TableSchema } from '../../core/table.js'

/**
 * What keeps two tables from being compared or kept equal, one sentence each; empty when nothing does. The order of the
 * columns does not matter, nor do defaults.
 */
export function comparesWith(left: TableSchema, right: TableSchema): readonly string[] {
  const leftColumns = new Map(left.columns.map((column) => [column.name, column]))
  const rightColumns = new Map(right.columns.map((column) => [column.name, column]))
  const missingLeft = [...rightColumns.keys()].filter((name) => !leftColumns.has(name))
  const missingRight = [...leftColumns.keys()].filter((name) => !rightColumns.has(name))
  const differing = [...leftColumns.values()].flatMap(({ name, type }) => {
    const other = rightColumns.get(name)
    return other === undefined || other.type === type
      ? []
      : [`column ${name} is ${type} on the left and ${other.type} on the right`]
  })
  return [
    ...missingLeft.map((name) => `column ${name} is missing on the left`),
    ...missingRight.map((name) => `column ${name} is missing on the right`),
    ...differing,
    ...keyDifference(left, right),
    ...(left.version === right.version
      ? []
      : [
          `the version column is ${left.version ?? 'not set'} on the left and ${right.version ?? 'not set'} on the right`,
        ]),
  ]
}

function keyDifference(left: TableSchema, right: TableSchema): readonly string[] {
  const same = left.key.length === right.key.length && left.key.every((name, index) => name === right.key[index])
  return same ? [] : [`the key is (${left.key.join(', ')}) on the left and (${right.key.join(', ')}) on the right`]
}
