import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { startProgram } from '../support/program.js'

/** Processes with `text` in their command line. */
async function processesOf(text: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,args='])
  return stdout.split('\n').filter((line) => line.includes(text))
}

describe('lockstep demo', () => {
  let cli: BuiltCli
  let main = ''
  let parent = ''
  const usual = process.env['TMPDIR']

  beforeAll(async () => {
    cli = await builtCli()
    main = join(cli.folder, 'cli', 'main.js')
    parent = await mkdtemp(join(tmpdir(), 'demo-test-'))
    // As root the servers run as another user.
    await promisify(execFile)('chmod', ['755', parent])
    process.env['TMPDIR'] = parent
  })
  afterAll(async () => {
    if (usual === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = usual
    await rm(parent, { recursive: true, force: true })
    await cli[Symbol.asyncDispose]()
  })

  /** Nothing runs and nothing lies about any more. */
  const expectNothingLeft = async (): Promise<void> => {
    await expect.poll(() => processesOf(parent), { timeout: 20_000 }).toEqual([])
    await expect.poll(() => readdir(parent), { timeout: 20_000 }).toEqual([])
  }

  it('ends with nothing lost, by the product and by plain SQL: `npm run demo`', { timeout: 240_000 }, async () => {
    // Builds first, where that is older than the sources.
    await using demo = startProgram('../../scripts/demo.mjs', ['--once', '--json', '--rows', '20000'])
    const summary = JSON.parse((await demo.output).trim().split('\n').at(-1) ?? '')
    expect(summary).toMatchObject({
      identical: true,
      scenes: {
        sync: { rows: 20_000, check: { verdict: 'same', exitCode: 0 } },
        scans: { wrongRows: 0 },
        quotes: { targets: { postgres: { wrongRows: 0, held: 0 }, mysql: { wrongRows: 0, held: 0 } } },
        blobs: { planted: 60, found: 60, bySql: 60, missed: 0, wrong: 0 },
        facilities: { rows: 20_000, entities: 19_930, wrong: 0, rejected: 70, planted: 70 },
      },
    })
    const { sync, scans, quotes } = summary.scenes
    // Some are published twice.
    expect(scans.messages).toBeGreaterThanOrEqual(2_000)
    expect(scans.deadLetters).toBe(scans.broken)
    expect(quotes.targets.mysql).toEqual(quotes.targets.postgres)
    const { left, right } = sync.oracle
    expect(left).toEqual(right)
    // What was there before on both sides, what the load put in, and the rows that measured the lag.
    expect(left.rows).toBeGreaterThanOrEqual(35_000)
    // However short the load is, the lag is measured.
    expect(sync.lagMs.probes).toBeGreaterThanOrEqual(40)
    expect(sync.lagMs.p50).toBeLessThanOrEqual(sync.lagMs.p99)
    await expectNothingLeft()
  })

  it.each([
    ['sync', 'SIGINT', 'loading:'],
    ['sync', 'SIGTERM', 'loading:'],
    ['sync', 'SIGKILL', 'loading:'],
    ['scans', 'SIGINT', 'a scanner that publishes'],
    ['scans', 'SIGKILL', 'a scanner that publishes'],
  ] as const)('leaves nothing of %s behind after %s', async (scene, signal, atWork) => {
    await using demo = startProgram(main, ['demo', scene, '--rows', '100000000'])
    let said = ''
    demo.process.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    // A demo that ends by itself fails here with what it said, not by a timeout.
    await Promise.race([expect.poll(() => said, { timeout: 50_000 }).toContain(atWork), demo.output])
    expect(await processesOf(parent)).not.toEqual([])
    demo.process.kill(signal)
    await expect(demo.output).rejects.toThrow(signal === 'SIGKILL' ? 'SIGKILL' : 'exit code 130')
    await expectNothingLeft()
  })
})
