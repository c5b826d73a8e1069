import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import type { BuiltCli, Ended } from '../support/built-cli.js'

export const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url))

export type Env = Readonly<Record<string, string>>

/** One config of an example, as a user runs it: by the built command line, with what is in its environment. */
export interface Example {
  readonly cli: BuiltCli
  /** Relative to `examples`. */
  readonly config: string
  readonly env: Env
}

/** `lockstep <args>` to its end. */
export function lockstep({ cli, config, env }: Example, args: readonly string[], changed: Env = {}): Promise<Ended> {
  return cli.start([...args, '--config', join(EXAMPLES, config)], { env: { ...env, ...changed } }).ended
}

/** `lockstep run`, until it is disposed of: then it must end well by itself. */
export function running({ cli, config, env }: Example, changed: Env = {}): AsyncDisposable {
  const flow = cli.start(['run', '--config', join(EXAMPLES, config)], { env: { ...env, ...changed } })
  return {
    async [Symbol.asyncDispose]() {
      flow.process.kill('SIGTERM')
      const { code, stderr } = await flow.ended
      expect(code, stderr).toBe(0)
    },
  }
}

/** What `lockstep doctor --json` says. */
export async function doctor(example: Example): Promise<unknown> {
  const { stdout, stderr } = await lockstep(example, ['doctor', '--json'])
  expect(stdout, stderr).not.toBe('')
  return JSON.parse(stdout)
}

/** Runs a generator of an example and answers the lines of its log. */
export async function generate(script: string, args: readonly string[], env: Env): Promise<readonly unknown[]> {
  const folder = await mkdtemp(join(tmpdir(), 'generated-'))
  try {
    const log = join(folder, 'log.ndjson')
    const options = { env: { ...process.env, ...env } }
    await promisify(execFile)(process.execPath, [join(EXAMPLES, script), ...args, '--log', log], options)
    const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '')
    return lines.map((line): unknown => JSON.parse(line))
  } finally {
    await rm(folder, { recursive: true })
  }
}

export function schemaOf(file: string): Promise<string> {
  return readFile(join(EXAMPLES, file), 'utf8')
}
