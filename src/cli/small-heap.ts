import { setFlagsFromString } from 'node:v8'

/**
 * Lets the heap grow to twice what is alive before it is swept, where V8 waits for up to four times. A mover of rows keeps little and drops
 * much: ingest of 1 M messages peaked at 169 MB of resident memory instead of 241 MB, and took no longer (docs/benchmarks.md).
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=100')
}
