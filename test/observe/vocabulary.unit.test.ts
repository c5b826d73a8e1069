import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { FLOW_EVENTS, OTHER_EVENTS } from '../../src/observe/events/vocabulary.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Rows of the tables whose first cell is a name: `| `started` | info | yes | yes | ... |`. */
async function documented(): Promise<readonly string[]> {
  const guide = await readFile(`${ROOT}docs/guides/operate.md`, 'utf8')
  const [, part = ''] = guide.split('## What happened\n')
  const [told = ''] = part.split('\n## ')
  return told
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, 5)
        .map((cell) => cell.trim())
        .join(' '),
    )
}

describe('the vocabulary of what is told', () => {
  it('is the table of the guide, with its levels and where each name is found', async () => {
    const yes = (is: boolean): string => (is ? 'yes' : 'no')
    const flows = Object.entries(FLOW_EVENTS).map(
      ([name, { level, logged, kept }]) => `\`${name}\` ${level} ${yes(logged)} ${yes(kept)}`,
    )
    const others = Object.entries(OTHER_EVENTS).map(([name, level]) => `\`${name}\` ${level} yes no`)
    expect((await documented()).toSorted()).toEqual([...flows, ...others].toSorted())
  })

  it('is all that is logged: no other file writes to a logger', async () => {
    const files = (await readdir(`${ROOT}src`, { recursive: true })).filter(
      (file) => file.endsWith('.ts') && !file.endsWith('.unit.test.ts'),
    )
    const writing: string[] = []
    for (const file of files) {
      const text = await readFile(`${ROOT}src/${file}`, 'utf8')
      if (/createLogger\(|from 'pino'/.test(text)) writing.push(file)
    }
    expect(writing.toSorted()).toEqual([
      'cli/actions/worker.ts',
      'cli/load/load-screen.ts',
      'cli/run/open-log.ts',
      'cli/serve/open-server.ts',
      'observe/log-observer.ts',
      'observe/logger.ts',
      'observe/worker-log.ts',
    ])
  })
})
