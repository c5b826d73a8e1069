import { fileURLToPath } from 'node:url'
import type { BuiltCli, RunningCli } from './built-cli.js'
import type { SyncRunOptions, SyncSides } from './sync-run.js'

const CONFIG = fileURLToPath(new URL('sync/lockstep.config.ts', import.meta.url))

export interface SyncProcessOptions {
  /** More arguments of `lockstep run`. */
  readonly args?: readonly string[]
  readonly options?: Omit<SyncRunOptions, 'untilCaughtUp' | 'postgres'>
  readonly failpoint?: string
  readonly nodeOptions?: string
}

/** `lockstep run mirror`, as built, with the table `records`; only the comparison at start. */
export function startSyncProcess(cli: BuiltCli, sides: SyncSides, given: SyncProcessOptions = {}): RunningCli {
  const { args = [], options = {}, failpoint, nodeOptions } = given
  return lockstep(cli, sides, ['run', 'mirror', ...args], {
    SYNC_OPTIONS: JSON.stringify(options),
    ...(failpoint === undefined ? {} : { LOCKSTEP_FAILPOINT: failpoint }),
    ...(nodeOptions === undefined ? {} : { NODE_OPTIONS: nodeOptions }),
  })
}

/** Any command of the built program on the same config. */
export function lockstep(
  cli: BuiltCli,
  sides: SyncSides,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningCli {
  return cli.start([...args, '--config', CONFIG], {
    env: { A_URL: sides.a, B_URL: sides.b, ...(sides.c === undefined ? {} : { C_URL: sides.c }), ...env },
  })
}

/** Resolves once the comparison at start is over. */
export function compared(sync: RunningCli): Promise<void> {
  return sync.printed('"verdict":')
}
