import fc from 'fast-check'
import type { Placement } from './simulated-server.js'

/** Foreign backends. */
export const WRITERS = 3

/** One thing that happens. `pick` chooses among what is there. */
export type Step =
  /** A statement runs on the server; its answer arrives; a batch is stored, then acknowledged. */
  | { readonly kind: 'run' | 'answer' | 'store'; readonly pick: number }
  /** So many rounds in which everything that is under way gets on; `serve`: only the statements, nothing is stored. */
  | { readonly kind: 'progress' | 'serve'; readonly rounds: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'insert'; readonly writer: number; readonly placement: Placement }
  | { readonly kind: 'savepoint' | 'release' | 'roll-back-to' | 'roll-back'; readonly writer: number }
  | { readonly kind: 'commit'; readonly writer: number; readonly synchronous: boolean }
  /** The tool itself writes: rows, then the announcement, then the commit. */
  | { readonly kind: 'own-insert'; readonly placement: Placement }
  | { readonly kind: 'own-announce' | 'own-commit' }
  | { readonly kind: 'delete'; readonly pick: number }
  | { readonly kind: 'vacuum'; readonly shorten: boolean }
  | { readonly kind: 'rewrite'; readonly reverse: boolean }
  | { readonly kind: 'truncate' | 'flush' | 'crash' | 'fail-lane' | 'go-on' | 'kill' }
  | { readonly kind: 'disconnect'; readonly reader: 0 | 1 }

const pick = fc.nat({ max: 11 })
const writer = fc.nat({ max: WRITERS - 1 })
const flag = fc.boolean()
const placement = fc.record<Placement>({ how: fc.constantFrom('last', 'free', 'extend', 'bulk'), pick })

/** `faults`: the server crashes, connections are lost, lanes fail, the tool is killed. */
export function steps(options: { readonly faults: boolean; readonly most: number }): fc.Arbitrary<Step[]> {
  const kinds: fc.WeightedArbitrary<Step>[] = [
    { weight: 12, arbitrary: fc.record({ kind: fc.constantFrom('run', 'answer', 'store'), pick }) },
    {
      weight: 8,
      arbitrary: fc.record({ kind: fc.constantFrom('progress', 'serve'), rounds: fc.integer({ min: 1, max: 30 }) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.constantFrom(5, 30, 300, 1_100, 70_000) }) },
    { weight: 14, arbitrary: fc.record({ kind: fc.constant('insert'), writer, placement }) },
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constantFrom('savepoint', 'release', 'roll-back-to', 'roll-back'), writer }),
    },
    { weight: 7, arbitrary: fc.record({ kind: fc.constant('commit'), writer, synchronous: flag }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('own-insert'), placement }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('own-announce', 'own-commit') }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete'), pick }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('vacuum'), shorten: flag }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('rewrite'), reverse: flag }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('truncate', 'flush') }) },
  ]
  const faults: fc.WeightedArbitrary<Step>[] = [
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('crash', 'fail-lane', 'kill') }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('go-on') }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('disconnect'), reader: fc.constantFrom(0, 1) }) },
  ]
  const one = fc.oneof(...kinds, ...(options.faults ? faults : []))
  // What goes wrong at the beginning would be rare among long plays.
  return fc.oneof(
    fc.array(one, { maxLength: 20, size: 'max' }),
    fc.array(one, { maxLength: options.most, size: 'max' }),
  )
}
