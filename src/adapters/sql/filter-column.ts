/**
 * The column of a filter that does nothing but compare it with something: `status = 'open'`, `at > now() - interval '1 day'`,
 * `deleted_at is null`. `undefined`: no index on one column is sure to serve it.
 */
export function filterColumn(where: string, columns: readonly string[]): string | undefined {
  const text = where.replaceAll(/'(?:[^']|'')*'/g, "''")
  const begins =
    /^\s*(?:"([^"]+)"|([a-z_][\w$]*))\s*(?:=|<(?!>)=?|>=?|in\s*\((?!\s*select)|is\s+null\b|between\b)(.*)$/is
  const [whole, quoted, plain = '', rest = ''] = begins.exec(text) ?? []
  if (whole === undefined) return undefined
  const others = /\bbetween\b/i.test(text.slice(0, text.length - rest.length)) ? rest.replace(/\band\b/i, '') : rest
  if (/\b(or|and|not|select|case)\b|--|\/\*/i.test(others)) return undefined
  const name = columns.find((column) => column === quoted || column.toLowerCase() === plain.toLowerCase())
  if (name === undefined) return undefined
  const words = new Set(others.toLowerCase().match(/[a-z_][\w$]*/g) ?? [])
  return columns.some((column) => words.has(column.toLowerCase())) ? undefined : name
}
