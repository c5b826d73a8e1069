import { fileURLToPath } from 'node:url'
import type { BuiltCli, RunningCli } from '../built-cli.js'
import type { IngestSetup } from './setup.js'

const CONFIG = fileURLToPath(new URL('lockstep.config.ts', import.meta.url))

/** The flow of `lockstep.config.ts`. */
export const FLOW = 'readings'

/** `lockstep run readings ...args`, as built. */
export function startIngest(
  cli: BuiltCli,
  setup: IngestSetup,
  given: { readonly args?: readonly string[]; readonly failpoint?: string } = {},
): RunningCli {
  const { args = [], failpoint } = given
  const env = failpoint === undefined ? {} : { LOCKSTEP_FAILPOINT: failpoint }
  return lockstep(cli, setup, ['run', FLOW, ...args], env)
}

/** Any command of the built program on the same config. */
export function lockstep(
  cli: BuiltCli,
  setup: IngestSetup,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningCli {
  return cli.start([...args, '--config', CONFIG], { env: { INGEST_SETUP: JSON.stringify(setup), ...env } })
}

/** Ends it as `kill -9` does. */
export async function kill({ process, ended }: RunningCli): Promise<void> {
  process.kill('SIGKILL')
  await ended
}

/** Ends it as a scheduler does; answers its exit code. */
export async function stop({ process, ended, printed }: RunningCli): Promise<number | null> {
  // Before that nobody listens for signals.
  await printed('flow.started')
  process.kill('SIGTERM')
  return (await ended).code
}
