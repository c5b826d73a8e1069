import fc from 'fast-check'
import { ingest } from 'lockstep'
import { type MemoryMessage, memoryStream } from 'lockstep/memory'
import { describe, expect, it } from 'vitest'
import { UnavailableError } from '../../src/core/errors.js'
import { Quote, runToEnd, subject } from './ingest-subject.js'

/** What is sent: good rows, and poison of each kind. */
type Sent =
  | { readonly kind: 'row'; readonly id: string; readonly version: number }
  | { readonly kind: 'broken' | 'invalid' | 'refused' }

const sent = (poison: number): fc.Arbitrary<Sent> =>
  fc.oneof(
    {
      weight: 100 - poison,
      arbitrary: fc.record({
        kind: fc.constant('row' as const),
        id: fc.constantFrom('a', 'b', 'c', '__proto__'),
        version: fc.integer({ min: 0, max: 20 }),
      }),
    },
    { weight: poison, arbitrary: fc.record({ kind: fc.constantFrom('broken', 'invalid', 'refused') }) },
  )

/** The reference says which message a row is from. */
function messageOf(one: Sent, id: number): MemoryMessage {
  const stream = `lane ${id % 3}`
  const reference = String(id)
  if (one.kind === 'row') return { id: reference, stream, json: { id: one.id, version: one.version, reference } }
  if (one.kind === 'refused') return { id: reference, stream, json: { id: 'x', version: 1, reference: 'refused' } }
  return { id: reference, stream, body: one.kind === 'broken' ? '{"id":' : '{"id":7}' }
}

describe('whatever comes, in whatever order and however often', () => {
  it.each([
    ['no poison', 0],
    ['some poison', 10],
    ['mostly poison', 90],
  ])('with %s, the table is the fold by version, and the letters are exactly the poison', async (_, poison) => {
    const model = fc.record({
      sent: fc.array(sent(poison), { maxLength: 60 }),
      again: fc.array(fc.nat(), { maxLength: 20 }),
      failing: fc.array(fc.constantFrom('begin', 'stored', undefined), { maxLength: 6 }),
      items: fc.integer({ min: 1, max: 9 }),
      resume: fc.constantFrom('checkpoint' as const, 'acknowledge' as const),
    })
    await fc.assert(
      fc.asyncProperty(model, async ({ sent: first, again, failing, items, resume }) => {
        const faults = [...failing]
        const { database, quotes } = subject({
          fault: (moment) =>
            faults[0] === moment && faults.shift() !== undefined ? new UnavailableError('cut', 'cut') : undefined,
        })
        const numbers = [...first.keys(), ...again.flatMap((at) => (first.length === 0 ? [] : [at % first.length]))]
        const from = memoryStream({ resume })
        for (const number of numbers) {
          const one = first[number]
          if (one !== undefined) from.append(messageOf(one, number))
        }
        from.end()
        const map = (quote: typeof Quote._output) => quote
        await runToEnd(ingest({ from, into: quotes, schema: Quote, map, stopAbove: 1, batch: { items } }))

        // The fold: the greatest version of each id.
        const newest = new Map<string, number>()
        for (const one of first) {
          if (one.kind === 'row') newest.set(one.id, Math.max(one.version, newest.get(one.id) ?? -1))
        }
        const stored = database.rows('quotes')
        expect(new Map(stored.map((row) => [row['id'], row['version']]))).toEqual(newest)
        for (const { id, version, reference } of stored) {
          expect(first[Number(reference)]).toEqual({ kind: 'row', id, version })
        }
        const poisoned = [...first.keys()].filter((at) => first[at]?.kind !== 'row').map(String)
        const letters = database.state.deadLetters.letters.map(({ itemKey }) => itemKey)
        expect(letters.sort()).toEqual(poisoned.sort())
        expect(from.acknowledged()).toBe(numbers.length)
      }),
      { numRuns: 40 },
    )
  })
})
