import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type BuiltCli, builtCli, type Ended } from '../support/built-cli.js'

const TOY = fileURLToPath(new URL('toy', import.meta.url))

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

const lockstep = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  cli.start(args, { cwd: TOY, env })

const Summary = z.object({
  exitCode: z.number(),
  flows: z.array(z.looseObject({ flow: z.string(), state: z.string(), items: z.number() })),
})

function summaryOf(ended: Ended): z.infer<typeof Summary> {
  return Summary.parse(JSON.parse(ended.stdout))
}

describe('signals', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('the first %s lets the flow finish', async (signal) => {
    const run = lockstep(['run', 'steady'])
    await run.printed('steady is under way')
    run.process.kill(signal)
    const ended = await run.ended
    expect(ended).toMatchObject({ code: 0, signal: null })
    expect(ended.stdout).toContain('steady has saved what it read')
  })

  test('a flow that was still waiting for its database stops as well', async () => {
    const run = lockstep(['run', 'connecting'])
    await run.printed('connecting is under way')
    run.process.kill('SIGTERM')
    expect(await run.ended).toMatchObject({ code: 0, signal: null })
  })

  test('the second stops at once', async () => {
    const run = lockstep(['run', 'stubborn', 'steady'])
    await run.printed('stubborn is under way')
    run.process.kill('SIGTERM')
    await run.printed('stubborn was asked to drain')
    run.process.kill('SIGINT')
    const ended = await run.ended
    expect(ended).toMatchObject({ code: 130, signal: null })
    expect(ended.stdout).toContain('steady has saved what it read')
  })

  test('LOCKSTEP_FAILPOINT kills the process like kill -9, at the hit that is asked for', async () => {
    const at = (hit: number) => ({ LOCKSTEP_FAILPOINT: `engine:before-checkpoint:${hit}` })
    const killed = await lockstep(['run', 'failing'], at(3)).ended
    expect(killed.signal).toBe('SIGKILL')
    const alive = await lockstep(['run', 'failing'], at(4)).ended
    expect(alive.code).toBe(0)
  })
})

describe('exit codes', () => {
  test.each([
    [['quick'], 0],
    [['misconfigured'], 2],
    [['unreachable'], 3],
    [['bug'], 70],
    [['quick', 'unreachable', 'misconfigured'], 2],
    [['nosuch'], 2],
    [['checkSame'], 0],
    [['checkDifferent'], 1],
    [['checkUnverified', 'checkDifferent'], 3],
    [['conflicting'], 0],
  ])('run %j: %i', async (flows, code) => {
    const ended = await lockstep(['run', ...flows]).ended
    expect(ended.code).toBe(code)
  })

  test('a check that was stopped before it had a verdict does not say same', async () => {
    const run = lockstep(['run', 'checkConnecting'])
    await run.printed('checkConnecting is under way')
    run.process.kill('SIGTERM')
    expect(await run.ended).toMatchObject({ code: 3, signal: null })
  })

  test('one flow that cannot start does not stop the others', async () => {
    const run = lockstep(['run', '--json', 'misconfigured', 'steady', 'quick'])
    await run.printed('steady is under way')
    run.process.kill('SIGTERM')
    const ended = await run.ended
    expect(ended.code).toBe(2)
    const summary = summaryOf(ended)
    expect(summary.exitCode).toBe(2)
    expect(summary.flows).toMatchObject([
      { flow: 'misconfigured', state: 'failed', items: 0 },
      { flow: 'steady', state: 'stopped' },
      { flow: 'quick', state: 'stopped', items: 7, lastVerdict: { verdict: 'same', detail: '7 rows' } },
    ])
  })
})

describe('a flow with a schedule', () => {
  test('runs whenever it is due, also after a run that failed, and exits with 0 when it is stopped', async () => {
    const run = lockstep(['run', 'everySecond'])
    let said = ''
    run.process.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    await expect.poll(() => said.split('everySecond runs').length).toBeGreaterThan(2)
    run.process.kill('SIGTERM')
    const ended = await run.ended
    expect(ended).toMatchObject({ code: 0, signal: null })
    expect(ended.stdout).toContain('everySecond fails')
  })

  test('ends at once while it waits', async () => {
    const run = lockstep(['run', 'nightly'])
    await run.printed('next run at')
    run.process.kill('SIGTERM')
    const ended = await run.ended
    expect(ended).toMatchObject({ code: 0, signal: null })
    expect(ended.stdout).not.toContain('nightly runs')
  })

  test('stops at the start for what nothing but a person can mend', async () => {
    const ended = await lockstep(['run', 'nightlyMisconfigured']).ended
    expect(ended.code).toBe(2)
    expect(ended.stdout).toContain('no such table')
  })

  test.each(['--once', '--until-caught-up'])('runs now, and one time, with %s', async (option) => {
    const ended = await lockstep(['run', 'nightly', option]).ended
    expect(ended.code).toBe(0)
    expect(ended.stdout.split('nightly runs')).toHaveLength(2)
    const failed = await lockstep(['run', 'everySecond', option]).ended
    expect(failed.code).toBe(3)
  })
})

describe('what is printed', () => {
  test('without a terminal, every line of stdout is a JSON log line', async () => {
    const { stdout } = await lockstep(['run', 'quick', 'red']).ended
    const lines = stdout.trim().split('\n')
    expect(lines.length).toBeGreaterThan(3)
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ flow: expect.stringMatching(/^(quick|red)$/) })
  })

  test('--json: stdout is one object, logs are on stderr', async () => {
    const ended = await lockstep(['run', '--json', 'quick']).ended
    expect(summaryOf(ended)).toMatchObject({ exitCode: 0, flows: [{ flow: 'quick', items: 7 }] })
    expect(ended.stdout.trim().split('\n')).toHaveLength(1)
    expect(JSON.parse(ended.stderr.split('\n')[0] ?? '')).toMatchObject({ flow: 'quick' })
  })

  test('--log-level silent prints nothing but the summary', async () => {
    const ended = await lockstep(['run', '--json', 'quick', '--log-level', 'silent']).ended
    expect(ended.stderr).toBe('')
    expect(summaryOf(ended).exitCode).toBe(0)
  })

  test('no credential, at any level, in any command', async () => {
    const env = { LOCKSTEP_DEBUG: '1' }
    const all = await Promise.all([
      lockstep(['run', '--log-level', 'trace', 'red', 'bug', 'unreachable', 'misconfigured'], env).ended,
      lockstep(['run', '--json', '--log-level', 'trace', 'red', 'bug', 'unreachable'], env).ended,
      lockstep(['status'], env).ended,
      lockstep(['status', '--json'], env).ended,
      lockstep(['doctor'], env).ended,
      lockstep(['doctor', '--json'], env).ended,
    ])
    for (const { stdout, stderr } of all) {
      expect(stdout + stderr).not.toContain('canary')
      expect(stdout).not.toBe('')
    }
    expect(all[0].stdout).toContain('[redacted]@db.internal')
  })
})
