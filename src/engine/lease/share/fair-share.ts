/**
 * How many of so many lanes a member is to have: all members about as many, and together all. `members`: the numbers of all
 * that are there, `own` among them.
 */
export function fairShare(lanes: number, members: readonly number[], own: number): number {
  const rank = members.filter((member) => member < own).length
  const most = Math.max(1, members.length)
  return Math.floor(lanes / most) + (rank < lanes % most ? 1 : 0)
}
