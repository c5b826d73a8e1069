const MOST = 3

/** The names that were probably meant by `wanted`, best first, at most three. Case and schema count little. */
export function nearMisses(wanted: string, names: readonly string[]): readonly string[] {
  const limit = Math.max(1, Math.floor(lastPart(wanted).length / 3))
  return names
    .map((name) => ({ name, distance: editDistance(lastPart(wanted), lastPart(name)) }))
    .filter(({ distance }) => distance <= limit)
    .sort((left, right) => left.distance - right.distance || (left.name < right.name ? -1 : 1))
    .slice(0, MOST)
    .map(({ name }) => name)
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1).toLowerCase()
}

/** Letters to add, drop or replace to make one of the other. */
function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (const [row, letter] of [...left].entries()) {
    const current = [row + 1]
    for (const [column, other] of [...right].entries()) {
      const replaced = (previous[column] ?? 0) + (letter === other ? 0 : 1)
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1))
    }
    previous = current
  }
  return previous[right.length] ?? 0
}
