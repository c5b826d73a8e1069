import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { COMMIT } from './fault.js'
import { readySpotter, statementSpotter } from './statement-spotter.js'

function message(type: string, body: string): Buffer {
  const payload = Buffer.from(body)
  const head = Buffer.alloc(type.length + 4)
  head.write(type)
  head.writeInt32BE(payload.length + 4, type.length)
  return Buffer.concat([head, payload])
}

const startup = message('', '\0\x03\0\0user\0postgres\0\0')
const encryptionRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
const bulk = message('d', 'x'.repeat(100_000))

/** Cuts a stream at the given places and gives the number of chunks in which the spotter saw its message. */
function spotted(sees: (chunk: Buffer) => boolean, stream: Buffer, cuts: readonly number[]): number {
  const borders = [0, ...cuts.map((cut) => cut % stream.length).sort((a, b) => a - b), stream.length]
  return borders.slice(1).filter((end, index) => sees(stream.subarray(borders[index], end))).length
}

describe('statementSpotter', () => {
  const statement = fc.constantFrom(
    { message: message('Q', 'commit\0'), hit: true },
    { message: message('P', 's1\0COMMIT\0\0\0'), hit: true },
    { message: message('Q', "insert into t values ('commit')\0"), hit: false },
    { message: message('Q', 'select 1\0'), hit: false },
    { message: message('B', 'commit\0'), hit: false },
    { message: bulk, hit: false },
  )

  it('sees a commit however the stream is cut into chunks', () => {
    fc.assert(
      fc.property(
        fc.array(statement),
        fc.array(fc.nat(), { maxLength: 9 }),
        fc.boolean(),
        (statements, cuts, encrypted) => {
          const head = encrypted ? [encryptionRequest, startup] : [startup]
          const stream = Buffer.concat([...head, ...statements.map((each) => each.message)])
          const { sees } = bound(statementSpotter((sql) => COMMIT.test(sql)))
          expect(spotted(sees, stream, cuts) > 0).toBe(statements.some((each) => each.hit))
        },
      ),
    )
  })

  it.each(['COMMIT', 'commit;', 'end', 'END TRANSACTION', 'insert into t values (1); commit'])(
    'knows %s as a commit',
    (sql) => {
      expect(COMMIT.test(sql)).toBe(true)
    },
  )

  it.each(['commit prepared', 'prepare transaction', 'select 1 as commit_', 'rollback'])(
    'does not take %s for one',
    (sql) => {
      expect(COMMIT.test(sql)).toBe(false)
    },
  )
})

describe('readySpotter', () => {
  it('sees the end of a statement, however the stream is cut', () => {
    const answer = Buffer.concat([message('C', 'COMMIT\0'), message('Z', 'I')])
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 5 }), (cuts) => {
        expect(spotted(bound(readySpotter()).sees, answer, cuts)).toBe(1)
        expect(spotted(bound(readySpotter()).sees, message('C', 'COMMIT\0'), cuts)).toBe(0)
      }),
    )
  })
})

function bound(spotter: { sees(chunk: Buffer): boolean }): { sees(chunk: Buffer): boolean } {
  return { sees: (chunk) => spotter.sees(chunk) }
}
