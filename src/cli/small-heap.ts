import { setFlagsFromString } from 'node:v8'

/** By how many per cent of what is alive the heap may grow before it is swept. */
const GROWTH = 100
const GROWTH_BESIDE_CHECKS = 15

/**
 * Lets the heap grow to twice what is alive before it is swept, where V8 waits for up to four times. A mover of rows keeps
 * little and drops much: ingest of 1 M messages peaked at 169 MB of resident memory instead of 241 MB, and took no longer.
 */
export function keepHeapSmall(): void {
  growBy(GROWTH)
}

let checks = 0

/**
 * Sweeps the heap sooner for as long as a check runs, which drops most: two tables of 400,000 rows that have nothing in
 * common take 183 to 196 MiB where they would take 238, and two of 1.2 M 191, for a seventh to a third more time
 * (docs/benchmarks.md). V8 reads the flag at each sweep.
 */
export function sweepBesideCheck(): Disposable {
  if (++checks === 1) growBy(GROWTH_BESIDE_CHECKS)
  return {
    [Symbol.dispose]: () => {
      if (--checks === 0) growBy(GROWTH)
    },
  }
}

function growBy(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`)
}
