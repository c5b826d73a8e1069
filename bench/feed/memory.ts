import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Measurement, measurement } from '../measurement.js'

const execute = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SHARES = [100, 10, 1]

/** The greatest resident memory of a feed of a hundredth, a tenth, and all of the rows. */
export async function memoryOf(feed: {
  readonly url: string
  readonly path: string
  readonly rows: number
}): Promise<readonly Measurement[]> {
  await execute('npm', ['run', '--silent', 'build'], { cwd: ROOT })
  const measurements: Measurement[] = []
  for (const kind of ['plain', 'mapped']) {
    for (const share of SHARES) {
      const rows = Math.ceil(feed.rows / share)
      const program = join(ROOT, 'bench/feed/memory-run.mjs')
      const { stdout } = await execute(process.execPath, [
        // The command line sets it for itself (src/cli/small-heap.ts).
        '--heap-growing-percent=100',
        program,
        feed.url,
        join(feed.path, `memory-${kind}-${share}`),
        String(rows),
        kind,
      ])
      measurements.push(
        measurement({
          scenario: 'feed',
          figure: `resident memory, ${rows.toLocaleString('en-US')} rows${kind === 'mapped' ? ', with map' : ''}`,
          value: Number(stdout),
          unit: 'MB',
          goal: { atMost: 200 },
        }),
      )
    }
  }
  return measurements
}
