import { describe, expect, it } from 'vitest'
import { readySpotter, statementSpotter } from './mysql-spotter.js'

function packet(payload: string, command = 3): Buffer {
  const body = Buffer.concat([Buffer.from([command]), Buffer.from(payload)])
  const header = Buffer.alloc(4)
  header.writeUIntLE(body.length, 0, 3)
  return Buffer.concat([header, body])
}

const isCommit = (sql: string): boolean => sql === 'commit'

describe('what spots a statement on a MySQL connection', () => {
  it('sees it among others, wherever chunks end', () => {
    const stream = Buffer.concat([packet('select 1'), packet('x'.repeat(20_000)), packet('commit'), packet('select 2')])
    const end = stream.length - packet('select 2').length
    for (const size of [1, 3, 7, 4096, 30_000]) {
      const spotter = statementSpotter(isCommit)
      const seen: number[] = []
      for (let at = 0; at < stream.length; at += size) {
        if (spotter.sees(stream.subarray(at, at + size))) seen.push(at + size)
      }
      expect(seen.map((to) => to >= end && to < end + size)).toEqual([true])
    }
  })

  it('does not take other commands for statements', () => {
    expect(statementSpotter(isCommit).sees(packet('commit', 22))).toBe(false)
  })

  it('sees the end of an answer', () => {
    const spotter = readySpotter()
    const answer = packet('', 0)
    expect(spotter.sees(answer.subarray(0, 4))).toBe(false)
    expect(spotter.sees(answer.subarray(4))).toBe(true)
  })
})
